//! The program `mill` itself: it starts, reports readiness, stops, and finds its data again.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{DEMO, HttpClient, order};

/// A running `cargo mill up` on its own port and folder; killed when dropped.
pub(crate) struct Program {
    process: Child,
    pub(crate) client: HttpClient,
    pub(crate) url: String,
    /// Time from the start of the process to its `ready` line.
    started_in: Duration,
}

impl Program {
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        let started = Instant::now();
        let mut process = up(data).args(["--port", "0"]).args(arguments).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let started_in = started.elapsed();
        let url = line.strip_prefix("ready ").unwrap_or_else(|| panic!("not ready: {line}")).trim().to_owned();
        Self { process, client: HttpClient::new(&url), url, started_in }
    }

    /// Like a crash: the process cannot react.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// A figure of `/proc/PID/status` that the kernel gives in kB.
    pub(crate) fn memory_mb(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Like Ctrl-C.
    pub(crate) fn interrupt(&mut self) -> std::process::ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.process.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn up(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mill"));
    command
        .args(["up", "--no-upload", "--no-docs", "--data"])
        .arg(data)
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn fails(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.stderr(Stdio::piped()).output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn it_is_ready_stops_on_interrupt_and_finds_its_orders_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Program::start(folder.path(), &[]);
    // The target is one second; the test leaves room for a busy machine.
    assert!(first.started_in < Duration::from_secs(10), "{:?}", first.started_in);
    let created = first.client.send("POST", "/order/v1/orders", DEMO, order("kept").to_string()).await;
    assert_eq!(created.status, 201);
    assert!(first.interrupt().success(), "an interrupt exits cleanly");

    let second = Program::start(folder.path(), &[]);
    let read = second.client.send("GET", "/order/v1/orders/safeId/kept", DEMO, "").await;
    assert_eq!((read.status, &read.body["order"]["id"]), (200, &created.body["order"]["id"]));
    second.kill();
}

#[tokio::test]
async fn a_busy_port_a_busy_folder_and_a_bad_template_are_clear_errors() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let running = Program::start(folder.path(), &[]);
    let port = running.url.rsplit(':').next().unwrap();
    let error = fails(up(other.path()).args(["--port", port]));
    assert_eq!(error, format!("error: port {port} is in use: stop the other process, or choose another with --port\n"));
    let error = fails(up(folder.path()).args(["--port", "0"]));
    assert_eq!(error, format!("error: {} is in use by another process\n", folder.path().display()));

    let template = other.path().join("template.yaml");
    std::fs::write(
        &template,
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Topic:\n    Type: AWS::SNS::Topic\n",
    )
    .unwrap();
    let error = fails(up(other.path()).args(["--port", "0", "--template"]).arg(&template));
    assert!(error.starts_with("error: template.yaml:4: ") && error.contains("AWS::SNS::Topic"), "{error}");
    let error = fails(up(other.path()).args(["--port", "0", "--set", "VendorStepSeconds=901"]));
    assert!(error.contains("VendorStepSeconds") && error.contains("900"), "{error}");
}

//! `cargo mill redrive` against a running `cargo mill up`.

use std::path::Path;
use std::process::{Command, Output};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder;
use local::running_stack::RunningStack;
use local::stack::ADMINISTRATOR;

use crate::up::Program;

/// Queues without consumers, so that a test can place messages freely.
const QUEUES: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Letters:
    Type: AWS::SQS::Queue
    Properties: { RedrivePolicy: { deadLetterTargetArn: !GetAtt Undelivered.Arn, maxReceiveCount: 1 } }
  Parcels:
    Type: AWS::SQS::Queue
    Properties: { RedrivePolicy: { deadLetterTargetArn: !GetAtt Undelivered.Arn, maxReceiveCount: 1 } }
  Undelivered: { Type: AWS::SQS::Queue }
  Jobs:
    Type: AWS::SQS::Queue
    Properties: { RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadJobs.Arn, maxReceiveCount: 1 } }
  DeadJobs: { Type: AWS::SQS::Queue }
";

fn redrive(data: &Path, queues: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mill"));
    let Output { status, stdout, stderr } =
        command.arg("redrive").args(queues).arg("--data").arg(data).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// The part of the output about queues, without the hints about AWS.
fn outcomes(stdout: &str) -> Vec<&str> {
    stdout.lines().take_while(|line| !line.is_empty()).collect()
}

/// The queues of a running stack, with administrator rights.
pub(crate) struct Sqs {
    pub(crate) client: aws_sdk_sqs::Client,
    url: String,
}

impl Sqs {
    fn of(data: &Path) -> Self {
        Self::at(RunningStack::find(data).unwrap().sqs_url)
    }

    pub(crate) fn at(url: String) -> Self {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(ADMINISTRATOR, "local", None, None, "test"))
            .endpoint_url(&url)
            .http_client(Builder::new().build_http())
            .build();
        Self { client: aws_sdk_sqs::Client::from_conf(config), url }
    }

    fn queue(&self, queue: &str) -> String {
        format!("{}/000000000000/ordermill-{queue}", self.url)
    }

    async fn send(&self, queue: &str, body: &str) {
        self.client.send_message().queue_url(self.queue(queue)).message_body(body).send().await.unwrap();
    }

    async fn bodies(&self, queue: &str) -> Vec<String> {
        let request = self.client.receive_message().queue_url(self.queue(queue)).max_number_of_messages(10);
        let received = request.visibility_timeout(0).send().await.unwrap();
        received.messages.unwrap_or_default().into_iter().filter_map(|message| message.body).collect()
    }

    /// Sends a message and receives it without deleting, until it is dead-lettered.
    async fn dead_letter(&self, queue: &str, body: &str) {
        self.send(queue, body).await;
        assert_eq!(self.bodies(queue).await, [body]);
        assert!(self.bodies(queue).await.is_empty());
    }
}

#[tokio::test]
async fn dead_letters_are_redriven_and_the_command_says_where() {
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let template = other.path().join("template.yaml");
    std::fs::write(&template, QUEUES).unwrap();
    let _running = Program::start(data.path(), &["--template", &template.display().to_string()]);
    let sqs = Sqs::of(data.path());
    sqs.dead_letter("Letters", "letter").await;
    sqs.dead_letter("Parcels", "parcel").await;
    sqs.dead_letter("Jobs", "job").await;

    // One wrong name stops the command before anything moves.
    let (good, _, stderr) = redrive(data.path(), &["DeadJobs", "Dead"]);
    assert!(!good);
    assert_eq!(stderr, "error: there is no queue `Dead`; messages can be moved out of `DeadJobs`, `Undelivered`\n");
    let (good, _, stderr) = redrive(data.path(), &["Jobs"]);
    assert!(!good);
    assert_eq!(stderr, "error: `Jobs` is not redrivable: no queue's redrive policy names it\n");
    assert!(sqs.bodies("Jobs").await.is_empty());

    let (good, stdout, stderr) = redrive(data.path(), &["DeadJobs"]);
    assert!(good, "{stderr}");
    assert_eq!(outcomes(&stdout), ["DeadJobs: 1 message went back to Jobs"]);
    assert!(stdout.contains("aws sqs start-message-move-task --source-arn"), "{stdout}");
    assert!(stdout.contains("--logical-resource-id DeadJobs "), "{stdout}");
    assert_eq!(sqs.bodies("Jobs").await, ["job"]);

    let (good, stdout, stderr) = redrive(data.path(), &[]);
    assert!(good, "{stderr}");
    assert_eq!(
        outcomes(&stdout),
        [
            "DeadJobs: no message went back",
            "Undelivered: 2 messages went back to Letters, Parcels, each to the one it came from"
        ]
    );
    assert_eq!(sqs.bodies("Letters").await, ["letter"]);
    assert_eq!(sqs.bodies("Parcels").await, ["parcel"]);

    sqs.send("DeadJobs", "stranger").await;
    let (good, stdout, stderr) = redrive(data.path(), &["DeadJobs"]);
    assert!(!good);
    assert_eq!(stderr, "error: not every message could be moved\n");
    let expected =
        "DeadJobs: no message went back; the rest was sent to this queue itself, so there is nowhere to go back to";
    assert_eq!(outcomes(&stdout), [expected]);
    assert_eq!(sqs.bodies("DeadJobs").await, ["stranger"]);
}

#[tokio::test]
async fn a_queue_for_failed_stream_records_is_reported_as_not_redrivable() {
    let data = tempfile::tempdir().unwrap();
    let _running = Program::start(data.path(), &["--allow-loopback-webhooks"]);
    let (good, stdout, stderr) = redrive(data.path(), &[]);
    assert!(good, "{stderr}");
    let outcomes = outcomes(&stdout);
    assert!(outcomes.contains(&"FulfilmentDeadLetterQueue: no message went back"), "{stdout}");
    let expected = "RelayDeadLetterQueue: not redrivable (it tells of stream records that were given up; no queue's redrive policy names it)";
    assert!(outcomes.contains(&expected), "{stdout}");
    let (good, _, stderr) = redrive(data.path(), &["RelayDeadLetterQueue"]);
    assert!(!good && stderr.contains("`RelayDeadLetterQueue` is not redrivable"), "{stderr}");
}

#[tokio::test]
async fn without_a_running_stack_the_command_says_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let none = format!(
        "error: no stack is running on the data in {}: start one with `cargo mill up` (one with --memory cannot be found)\n",
        data.path().display()
    );
    assert_eq!(redrive(data.path(), &[]), (false, String::new(), none.clone()));

    let killed = Program::start(data.path(), &[]);
    killed.kill();
    let (good, _, stderr) = redrive(data.path(), &[]);
    assert!(!good && stderr.contains("ended without stopping: start it again"), "{stderr}");

    let mut stopped = Program::start(data.path(), &[]);
    assert!(stopped.interrupt().success());
    assert_eq!(redrive(data.path(), &[]), (false, String::new(), none));
}

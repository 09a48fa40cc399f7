//! `cargo mill`: Ordermill on one machine, and the developer's tasks.

fn main() -> std::process::ExitCode {
    local::command_line::main()
}

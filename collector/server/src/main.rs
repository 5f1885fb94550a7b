//! The program `coldlight`: everything happens in the library beside this file.

use std::process::ExitCode;

fn main() -> ExitCode {
    coldlight_server::main(std::env::args_os())
}

//! The program `coldlight`: everything happens in the library beside this file.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    coldlight_server::main(std::env::args_os())
}

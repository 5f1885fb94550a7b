//! `coldlight-extension`: put into `/opt/extensions` by a layer, started by Lambda.

use std::process::ExitCode;

fn main() -> ExitCode {
    coldlight_extension::program::main()
}

//! The program: arguments in, exit code out. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    match clusterdx::cli::run(std::env::args_os()) {
        Ok(exit) => exit.into(),
        // whoever read the output has seen enough
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            clusterdx::cli::Exit::Usage.into()
        }
    }
}

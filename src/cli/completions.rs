//! `clusterdx completions`

use clap::CommandFactory as _;

use super::args::{CompletionsArgs, Program};
use super::{Exit, Failure, print};

/// Prints the script of a shell.
pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut Program::command(),
        "clusterdx",
        &mut script,
    );
    print(&script)?;
    Ok(Exit::Clean)
}

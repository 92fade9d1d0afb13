//! The command line: the only place that reads the environment and talks to a terminal.
//!
//! Standard output is the result, standard error is progress and trouble. One file per
//! subcommand; each returns an [`Exit`] or a [`Failure`].

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Parser as _;

mod args;
mod ask;
#[cfg(unix)]
mod askpass;
mod attach;
mod capture;
mod check;
mod completions;
mod diagnose;
mod diff;
mod exit;
mod explain;
mod failure;
mod fix;
mod guide;
mod interrupt;
mod inventory;
#[cfg(feature = "lab")]
mod lab;
mod man;
mod near;
mod output;
mod plan;
mod planned;
mod progress;
mod reading;
mod rules;
mod settings;
mod show;
mod time;
mod usage;

pub use exit::Exit;
pub use failure::Failure;

use args::{Command, Program};

/// Runs the program with its arguments, the first of which is its own name.
///
/// # Errors
/// Whatever kept the program from giving a result, ready to be printed.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Result<Exit, Failure> {
    let args: Vec<OsString> = args.into_iter().collect();
    #[cfg(unix)]
    if let Some(socket) = settings::askpass() {
        return askpass::answer(&socket, args.get(1));
    }
    let program = match Program::try_parse_from(&args) {
        Ok(program) => program,
        Err(error) => return usage::answer(&error, &args),
    };
    match program.command {
        Command::Diagnose(args) => diagnose::run(&args),
        Command::Capture(args) => capture::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Guide(args) => guide::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Fix(args) => fix::run(&args),
        Command::Diff(args) => diff::run(&args),
        #[cfg(feature = "lab")]
        Command::Lab(args) => lab::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man => man::run(),
    }
}

/// Writes a finished text to standard output.
fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::write("standard output", &error))
}

/// Says something beside the result. Nobody may be listening, which is no reason to stop.
fn say(text: &str) {
    _ = writeln!(io::stderr().lock(), "{text}");
}

//! The program as ssh's helper: prints the password that another run of it was handed.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::{Exit, Failure, print};
use crate::agent::askpass;

/// Answers ssh's question, or refuses to.
///
/// # Errors
/// When the answer cannot be written.
pub(super) fn answer(socket: &Path, question: Option<&OsString>) -> Result<Exit, Failure> {
    let question = question.map(OsString::as_os_str).unwrap_or(OsStr::new(""));
    match askpass::ask(socket, &question.to_string_lossy()) {
        Ok(Some(secret)) => {
            print(format!("{}\n", secret.reveal()).as_bytes())?;
            Ok(Exit::Clean)
        }
        // ssh says what follows from it
        Ok(None) | Err(_) => Ok(Exit::Usage),
    }
}

//! Wrong usage, told in the same shape as all other trouble.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Error};

use super::args::Program;
use super::failure::{Failure, Trouble, did_you_mean};
use super::{Exit, print};

/// Prints help or version when they were asked for; everything else is a failure.
pub(super) fn answer(error: &Error, args: &[OsString]) -> Result<Exit, Failure> {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        let text = error.render();
        let colour = super::settings::colour();
        let text = if colour {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        print(text.as_bytes())?;
        return Ok(Exit::Clean);
    }
    Err(trouble(error, args).into())
}

fn trouble(error: &Error, args: &[OsString]) -> Trouble {
    let one = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    let many = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let arg = one(ContextKind::InvalidArg).unwrap_or_default();
    let value = one(ContextKind::InvalidValue).unwrap_or_default();
    let mut trouble = Trouble::new(match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("'{arg}' needs a value"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("'{value}' is not a value of '{arg}'")
        }
        ErrorKind::UnknownArgument => format!("there is no option '{arg}'"),
        ErrorKind::InvalidSubcommand => format!(
            "there is no command '{}'",
            one(ContextKind::InvalidSubcommand).unwrap_or_default()
        ),
        ErrorKind::MissingRequiredArgument => format!("missing: {arg}"),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "no command was given".to_owned()
        }
        ErrorKind::ArgumentConflict => format!(
            "'{arg}' cannot be used together with '{}'",
            many(ContextKind::PriorArg).join("', '")
        ),
        ErrorKind::TooManyValues => format!("'{value}' is one value too many for '{arg}'"),
        ErrorKind::InvalidUtf8 => "an argument is not valid UTF-8".to_owned(),
        _ => error
            .to_string()
            .lines()
            .next()
            .unwrap_or("wrong usage")
            .trim_start_matches("error: ")
            .to_owned(),
    });
    if let Some(source) = std::error::Error::source(error) {
        trouble = trouble.because(source);
    }
    let valid = many(ContextKind::ValidValue);
    if !valid.is_empty() {
        trouble = trouble.cause(format!("possible values: {}", valid.join(", ")));
    }
    let commands = many(ContextKind::ValidSubcommand);
    if !commands.is_empty() {
        trouble = trouble.cause(format!("commands: {}", commands.join(", ")));
    }
    for kind in [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
        ContextKind::SuggestedSubcommand,
    ] {
        let near = many(kind);
        if !near.is_empty() {
            trouble = trouble.help(did_you_mean(&near));
        }
    }
    if error.kind() == ErrorKind::InvalidUtf8 {
        trouble = trouble.help("give the folder that holds the file instead");
    }
    trouble.help(format!("'{} --help' shows the usage", command(args)))
}

/// The command that the first argument names.
fn command(args: &[OsString]) -> String {
    let program = Program::command();
    let name = args.get(1).and_then(|arg| arg.to_str()).unwrap_or("");
    program.find_subcommand(name).map_or_else(
        || "clusterdx".to_owned(),
        |found| format!("clusterdx {}", found.get_name()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn told(args: &[&str]) -> String {
        let args: Vec<OsString> = std::iter::once(&"clusterdx")
            .chain(args)
            .map(OsString::from)
            .collect();
        let error = Program::try_parse_from(&args).unwrap_err();
        Failure::from(trouble(&error, &args)).text()
    }

    #[test]
    fn every_mistake_names_itself_and_a_way_out() {
        assert_eq!(
            told(&["diagnose", "x", "--format", "jsn"]),
            "error: 'jsn' is not a value of '--format <FORMAT>'\n  cause: possible values: text, json, markdown, html\n  help: did you mean 'json'?\n  help: 'clusterdx diagnose --help' shows the usage\n"
        );
        assert!(
            told(&["diagnose"]).starts_with("error: missing: <PATH>...\n"),
            "{}",
            told(&["diagnose"])
        );
        assert!(
            told(&["diagnos", "x"]).starts_with(
                "error: there is no command 'diagnos'\n  help: did you mean 'diagnose'?"
            ),
            "{}",
            told(&["diagnos", "x"])
        );
        assert!(
            told(&[]).starts_with("error: no command was given\n"),
            "{}",
            told(&[])
        );
        assert!(told(&["diagnose", "x", "--year", "12"]).starts_with(
            "error: '12' is not a value of '--year <YEAR>'\n  cause: 12 is not in 1970..=2262\n"
        ));
        assert!(
            told(&["diagnose", "x", "--lang", "xx"])
                .contains("cause: known languages: en, ko, pt-BR\n")
        );
        assert!(
            told(&["diagnose", "x", "--formt", "json"]).starts_with(
                "error: there is no option '--formt'\n  help: did you mean '--format'?"
            )
        );
        assert!(
            told(&["diagnose", "x", "--output"])
                .starts_with("error: '--output <FILE>' needs a value\n")
        );
    }
}

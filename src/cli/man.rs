//! `clusterdx man`: one page for the program and all of its commands.

use std::io::{self, Write as _};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::args::Program;
use super::{Exit, Failure, print};

const ENDING: &str = r#".SH "EXIT STATUS"
.TP
.B 0
everything was read and nothing was found; or the command did what it was asked
.TP
.B 1
incidents at or above \-\-fail\-on, problems in rules, or nothing to explain
.TP
.B 2
wrong usage, wrong rules, a path that does not exist, or a report that cannot be written
.TP
.B 3
nothing was found, but part of the input could not be read or nothing was recognised
.TP
.B 130
interrupted; the result so far was printed
.SH ENVIRONMENT
.TP
.B LC_ALL, LC_MESSAGES, LANG
the language, unless \-\-lang names one
.TP
.B NO_COLOR
no colour when it is set
.TP
.B COLUMNS
the width where standard output is no terminal
.SH EXAMPLES
.TP
What is wrong with this cluster?
.B clusterdx diagnose cms1.tar.gz cms2.tar.gz cms3.tar.gz
.TP
The same for a script
.B clusterdx diagnose \-\-format json \-\-output report.json bundles/
.TP
What does this alarm mean?
.B clusterdx explain 20006
"#;

/// Prints the page.
pub(super) fn run() -> Result<Exit, Failure> {
    let page = page().map_err(|error| Failure::write("the man page", &error))?;
    print(&page)?;
    Ok(Exit::Clean)
}

fn page() -> io::Result<Vec<u8>> {
    let mut root = Program::command();
    root.build();
    let mut out = Vec::new();
    let main = Man::new(root.clone());
    main.render_title(&mut out)?;
    main.render_name_section(&mut out)?;
    main.render_synopsis_section(&mut out)?;
    main.render_description_section(&mut out)?;
    main.render_options_section(&mut out)?;
    for command in root
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        section(command, &mut out)?;
    }
    out.write_all(ENDING.as_bytes())?;
    Ok(out)
}

/// A command and the commands below it; what would be sections of a page of their own become
/// sub-sections here.
fn section(command: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    let name = command
        .get_bin_name()
        .unwrap_or(command.get_name())
        .to_uppercase();
    writeln!(out, ".SH \"{name}\"")?;
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    for line in text.lines() {
        match line.strip_prefix(".SH") {
            Some(title) => writeln!(out, ".SS{title}")?,
            None => writeln!(out, "{line}")?,
        }
    }
    for below in command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        section(below, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_command() {
        let page = String::from_utf8(page().unwrap()).unwrap();
        for text in [
            ".SH \"CLUSTERDX DIAGNOSE\"",
            ".SH \"CLUSTERDX RULES LINT\"",
            "EXIT STATUS",
            "\\-\\-timezone",
        ] {
            assert!(page.contains(text), "{text}");
        }
    }
}

//! `clusterdx diff`: what is over, new and as before between two reports.

use crate::diff;
use crate::model::report::{Report, SCHEMA};
use crate::report::{Attached, Look, diff as written, text};

use super::args::DiffArgs;
use super::failure::{Failure, Trouble};
use super::output::Target;
use super::{Exit, diagnose, reading, settings};

/// Reads two reports, compares them and prints.
pub(super) fn run(args: &DiffArgs) -> Result<Exit, Failure> {
    let lang = settings::language(args.knowledge.lang);
    let catalog = diagnose::catalog(&args.knowledge)?;
    let inputs = [args.before.clone(), args.after.clone()];
    let target = Target::new(args.output.as_deref(), &inputs)?;
    let (before, after) = (report(&args.before)?, report(&args.after)?);
    let found = diff::diff(&before, &after);

    let locale = settings::locale(&catalog, lang);
    let known = settings::known(&catalog, lang);
    let to_screen = matches!(target, Target::Standard);
    let look = Look {
        locale: &locale,
        width: settings::width(),
        year: None,
        colour: to_screen && settings::colour(),
        known: &known,
        attached: Attached::NOTHING,
    };
    target.write(|out| match args.format.as_str() {
        "json" => written::write_json(&found, out),
        "text" => text::diff::write(&found, &look, out),
        form => written::write_page(&found, form, &locale, out),
    })?;
    Ok(Exit::Clean)
}

fn report(path: &str) -> Result<Report, Failure> {
    let report: Report = reading::saved(path, "report")?;
    if report.schema == SCHEMA {
        return Ok(report);
    }
    Err(Trouble::new(format!("'{path}' is no report"))
        .cause(format!("its shape is '{}', not '{SCHEMA}'", report.schema))
        .help("make reports by 'clusterdx diagnose --format json --output FILE'")
        .into())
}

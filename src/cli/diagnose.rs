//! `clusterdx diagnose`

use std::error::Error as _;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::catalog::Catalog;
use crate::catalog::text::Lang;
use crate::model::ladder::Shown;
use crate::model::report::Report;
use crate::pipeline::{Around, Asked, Diagnoser, Job, Options, Unshown};
use crate::report::text::ladder;
use crate::report::{self, Attached, Look, layout, paint, sanitize};
use crate::source::{self, Limits, SourceError};

use super::args::{DiagnoseArgs, KnowledgeArgs};
use super::failure::{Failure, Trouble, did_you_mean};
use super::near::near;
use super::output::Target;
use super::progress::Progress;
use super::{Exit, attach, interrupt, reading, say, settings, show, time};

/// Reads, diagnoses, prints.
pub(super) fn run(args: &DiagnoseArgs) -> Result<Exit, Failure> {
    let lang = settings::language(args.knowledge.lang);
    let reporter = report::find(&args.format)
        .ok_or_else(|| Trouble::new(format!("there is no report format '{}'", args.format)))?;
    let options = options(args, lang)?;
    let selection = source::select(&args.paths).map_err(|error| unusable(&error))?;
    let target = Target::new(args.output.as_deref(), &args.paths)?;
    let catalog = catalog(&args.knowledge)?;
    if let Some(fault) = &args.why {
        known_fault(&catalog, fault)?;
        only_text("--why", reporter.id())?;
    }
    let asked = match &args.show {
        Some(text) => {
            only_text("--show", reporter.id())?;
            Some(show::asked(text, &args.paths)?)
        }
        None => None,
    };

    let diagnoser = Diagnoser::new(&catalog).map_err(|error| internal(&error))?;
    tell_of_pipes(&args.paths);
    let progress = Arc::new(Progress::new(selection.total_bytes()));
    let stop = interrupt::watch(Arc::clone(&progress));
    let limits = Limits::default();
    let show = |bytes| progress.show(bytes);
    let job = Job {
        selection: &selection,
        limits: &limits,
        options: &options,
        progress: &show,
        stop: &stop,
    };
    // what comes through a pipe cannot be read twice
    let twice = reporter.shows_attached() && !args.paths.iter().any(|path| show::passes_by(path));
    let outcome = Outcome::of(&diagnoser, job, args.why.as_deref(), asked.as_ref(), twice);
    let (report, instead) = outcome.map_err(|error| internal(&error))?;
    progress.clear();
    let interrupted = stop.load(Ordering::Relaxed);
    let exit = Exit::of_report(&report, args.fail_on.severity(), interrupted);
    if let Outcome::Unshown(why) = &instead {
        // what was not found may stand in what was not read
        return match interrupted {
            true => Ok(exit),
            false => Err(show::unshown(args.show.as_deref().unwrap_or(""), why)),
        };
    }

    let locale = settings::locale(&catalog, lang);
    let known = settings::known(&catalog, lang);
    let to_screen = matches!(target, Target::Standard);
    let mut look = Look {
        locale: &locale,
        width: settings::width(),
        year: args.clock.year,
        colour: to_screen && settings::colour(),
        known: &known,
        attached: Attached::NOTHING,
    };
    let attached = match (reporter.shows_attached(), &instead) {
        (false, _) => Attached::default(),
        (true, Outcome::Again(flows, around)) => {
            let plans = attach::plans(&report, &catalog, lang);
            attach::attached(plans, Some((flows.clone(), around.clone())), &look)
        }
        (true, _) => attach::attached(attach::plans(&report, &catalog, lang), None, &look),
    };
    look.attached = &attached;
    if interrupted && matches!(instead, Outcome::Shown(_)) {
        say("reading was interrupted: what is shown may not be all");
    }
    target.write(|out| match &instead {
        Outcome::Why(fault, lines) => write_why(fault, lines, &look, out),
        Outcome::Shown(shown) => ladder::write(shown, &look, out),
        Outcome::Report | Outcome::Again(..) | Outcome::Unshown(_) => {
            reporter.write(&report, &look, out)
        }
    })?;
    Ok(exit)
}

/// What is to be printed.
enum Outcome {
    Report,
    /// The report, and what was read again for it.
    Again(Vec<Shown>, Vec<Around>),
    /// Why the fault was or was not found.
    Why(String, Vec<String>),
    Shown(Box<Shown>),
    Unshown(Unshown),
}

impl Outcome {
    fn of(
        diagnoser: &Diagnoser<'_>,
        job: Job<'_>,
        why: Option<&str>,
        asked: Option<&Asked>,
        twice: bool,
    ) -> anyhow::Result<(Report, Self)> {
        if let Some(fault) = why {
            let why = diagnoser.why(job, fault)?;
            return Ok((why.report, Self::Why(fault.to_owned(), why.lines)));
        }
        let Some(asked) = asked else {
            if twice {
                let again = diagnoser.again(job)?;
                return Ok((again.report, Self::Again(again.flows, again.around)));
            }
            return Ok((diagnoser.run(job)?, Self::Report));
        };
        let showing = diagnoser.show(job, asked)?;
        let outcome = match showing.shown {
            Ok(shown) => Self::Shown(Box::new(shown)),
            Err(why) => Self::Unshown(why),
        };
        Ok((showing.report, outcome))
    }
}

/// Refuses another form for what is only told in text.
fn only_text(option: &str, format: &str) -> Result<(), Failure> {
    if format == "text" {
        return Ok(());
    }
    let trouble = Trouble::new(format!(
        "'{option}' explains in text and has no form '{format}'"
    ));
    Err(trouble
        .help(format!("leave out '--format' or '{option}'"))
        .into())
}

/// Says which named pipes are waited for: without a writer that takes for ever. Those of a shell's
/// `<(command)` have one.
#[cfg(unix)]
fn tell_of_pipes(paths: &[String]) {
    use std::os::unix::fs::FileTypeExt;
    let is_pipe = |path: &&String| fs::metadata(path).is_ok_and(|at| at.file_type().is_fifo());
    let of_shell = |path: &&String| path.starts_with("/dev/") || path.starts_with("/proc/");
    let named = paths.iter().filter(|path| !of_shell(path));
    for path in named.filter(is_pipe) {
        let path = sanitize::line(path);
        say(&format!(
            "waiting for somebody to write to the named pipe '{path}'"
        ));
    }
}

#[cfg(not(unix))]
fn tell_of_pipes(_: &[String]) {}

/// What no input should bring about.
pub(super) fn internal(error: &anyhow::Error) -> Failure {
    Trouble::new("cannot make a diagnosis")
        .because(error.as_ref())
        .into()
}

/// The catalog with the rules asked for.
pub(super) fn catalog(args: &KnowledgeArgs) -> Result<Catalog, Failure> {
    rules_folder(args.rules.as_deref())?;
    Catalog::load(args.rules.as_deref()).map_err(|problems| Failure::rules(&problems))
}

/// Refuses a rules folder that is not there.
pub(super) fn rules_folder(rules: Option<&Path>) -> Result<(), Failure> {
    let Some(folder) = rules else { return Ok(()) };
    let trouble = |cause: io::Error| {
        Trouble::new(format!(
            "cannot read the rules folder '{}'",
            folder.display()
        ))
        .because(&cause)
    };
    match fs::metadata(folder) {
        Ok(known) if known.is_dir() => Ok(()),
        Ok(_) => Err(trouble(io::ErrorKind::NotADirectory.into()).into()),
        Err(error) => Err(trouble(error).into()),
    }
}

fn options(args: &DiagnoseArgs, lang: Lang) -> Result<Options, Failure> {
    let as_read = reading::options(&args.clock, lang)?;
    let zone = as_read.timezone;
    let bound = |option, text: &Option<String>, side| {
        text.as_deref()
            .map(|text| time::moment(option, text, zone, side))
            .transpose()
    };
    let since = bound("--since", &args.since, time::Side::Begin)?;
    let until = bound("--until", &args.until, time::Side::End)?;
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        return Err(Trouble::new("'--since' is later than '--until'")
            .help("exchange them; a date alone means its first moment")
            .into());
    }
    Ok(Options {
        threads: args.threads.map_or(as_read.threads, usize::from),
        since,
        until,
        ..as_read
    })
}

/// Every path that cannot be used, with what may have been meant.
pub(super) fn unusable(error: &SourceError) -> Failure {
    let trouble = |problem: &SourceError| match problem {
        SourceError::NotFound { path } => {
            let names = beside(path);
            let trouble = Trouble::new(problem.to_string());
            if names.is_empty() {
                trouble.help("give a file, a folder or an archive, or '-' for standard input")
            } else {
                trouble.help(did_you_mean(&names))
            }
        }
        other => {
            let trouble = Trouble::new(other.to_string());
            match other.source() {
                Some(cause) => trouble.because(cause),
                None => trouble,
            }
        }
    };
    error
        .problems()
        .iter()
        .map(trouble)
        .collect::<Vec<_>>()
        .into()
}

/// Names in the folder of `path` that are near to its own.
fn beside(path: &str) -> Vec<String> {
    let path = Path::new(path);
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or("");
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return Vec::new();
    };
    let known: Vec<String> = entries
        .flatten()
        .take(10_000)
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    let full = |name: String| match folder {
        Some(folder) => folder.join(&name).display().to_string(),
        None => name,
    };
    near(name, known.iter().map(String::as_str))
        .into_iter()
        .map(full)
        .collect()
}

/// Refuses a fault that no rule knows.
pub(super) fn known_fault(catalog: &Catalog, id: &str) -> Result<(), Failure> {
    if catalog.fault(id).is_some() {
        return Ok(());
    }
    let trouble = Trouble::new(format!("there is no fault '{id}'"));
    let names = near(id, catalog.faults.iter().map(|fault| fault.id.as_str()));
    Err(if names.is_empty() {
        trouble.help("'clusterdx rules list' lists the faults")
    } else {
        trouble.help(did_you_mean(&names))
    }
    .into())
}

fn write_why(
    fault: &str,
    lines: &[String],
    look: &Look<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let title = look.locale.fill("why.title", &[("fault", fault)]);
    writeln!(
        out,
        "{}",
        paint::paint(&title, paint::Tint::Bold, look.colour)
    )?;
    for line in lines {
        let line = sanitize::line(line);
        let indent = line.len() - line.trim_start_matches(' ').len();
        // what goes on stands two columns further in than its start
        for (at, part) in layout::wrap(&line, look.width.saturating_sub(4))
            .into_iter()
            .enumerate()
        {
            let hang = if at == 0 { 0 } else { indent + 2 };
            writeln!(out, "  {}{part}", " ".repeat(hang))?;
        }
    }
    Ok(())
}

//! `clusterdx capture`: drives the helper, and diagnoses while it captures.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use terminal_size::{Width, terminal_size_of};

use crate::catalog::Catalog;
use crate::model::helper::HelperTrouble;
use crate::model::hit::Collected;
use crate::model::report::{ReadStatus, Report};
use crate::pipeline::{Diagnoser, Engine, Job, Live, Options};
use crate::report::{self, Attached, Look, sanitize};
use crate::source::{self, Limits, Selection};

use super::args::CaptureArgs;
use super::failure::{Failure, Trouble};
use super::output::Target;
use super::{Exit, attach, diagnose, interrupt, print, reading, say, settings};

mod helper;
mod keep;
mod watch;

use helper::{Helper, Running};
use keep::{Keeper, Plan, Tee};
use watch::{Bells, End};

/// Lists, or captures, diagnoses, prints.
pub(super) fn run(args: &CaptureArgs) -> Result<Exit, Failure> {
    let Some(interface) = &args.interface else {
        return list();
    };
    let lang = settings::language(args.knowledge.lang);
    let reporter = report::find(&args.format)
        .ok_or_else(|| Trouble::new(format!("there is no report format '{}'", args.format)))?;
    let options = Options {
        threads: 1,
        ..reading::options(&args.clock, lang)?
    };
    let logs_over = Arc::new(AtomicBool::new(false));
    let logs = source::follow(&args.log, &logs_over).map_err(|error| diagnose::unusable(&error))?;
    let target = Target::new(args.output.as_deref(), &args.log)?;
    let catalog = diagnose::catalog(&args.knowledge)?;
    if let Some(fault) = &args.save_on {
        diagnose::known_fault(&catalog, fault)?;
    }
    let diagnoser = Diagnoser::new(&catalog).map_err(|error| diagnose::internal(&error))?;
    let helper = Helper::find()?;
    let keeper = keeper(args)?;
    let running = helper.start(interface, &filter(args, &catalog));
    let session = Session {
        args,
        interface,
        options: &options,
        diagnoser: &diagnoser,
        helper: &helper,
        keeper: Arc::new(Mutex::new(keeper)),
        logs: &logs,
        logs_over,
    };
    let done = running.and_then(|running| session.run(&running));
    if done.is_err() {
        keep::lock(&session.keeper).discard();
    }
    let (report, end) = done?;

    let locale = settings::locale(&catalog, lang);
    let known = settings::known(&catalog, lang);
    let mut look = Look {
        locale: &locale,
        width: settings::width(),
        year: args.clock.year,
        colour: matches!(target, Target::Standard) && settings::colour(),
        known: &known,
        attached: Attached::NOTHING,
    };
    let attached = match reporter.shows_attached() {
        true => attach::attached(attach::plans(&report, &catalog, lang), None, &look),
        false => Attached::default(),
    };
    look.attached = &attached;
    target.write(|out| reporter.write(&report, &look, out))?;
    // without a duration Ctrl-C is how a capture ends
    let interrupted = end == End::Interrupted && args.duration.is_some();
    Ok(Exit::of_report(
        &report,
        args.fail_on.severity(),
        interrupted,
    ))
}

/// The interfaces that can be used, one a line.
fn list() -> Result<Exit, Failure> {
    let interfaces = Helper::find()?.interfaces()?;
    let usable = || interfaces.iter().filter(|interface| interface.up);
    let width = usable().map(|known| known.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for interface in usable() {
        let line = format!(
            "{:width$}  {}",
            sanitize::line(&interface.name),
            sanitize::line(&interface.addresses.join(", "))
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    print(text.as_bytes())?;
    Ok(Exit::Clean)
}

/// What is captured unless the user says: the ports of the products, and what ICMP says of them.
fn filter(args: &CaptureArgs, catalog: &Catalog) -> String {
    if let Some(filter) = &args.filter {
        return filter.clone();
    }
    let mut parts: BTreeSet<String> = args
        .port
        .iter()
        .map(|port| format!("port {port}"))
        .collect();
    if parts.is_empty() {
        let port =
            |known: &crate::catalog::Port| format!("{} port {}", known.transport, known.port);
        parts.extend(catalog.ports.iter().map(port));
    }
    parts.extend(["icmp".to_owned(), "icmp6".to_owned()]);
    parts.into_iter().collect::<Vec<_>>().join(" or ")
}

fn keeper(args: &CaptureArgs) -> Result<Keeper, Failure> {
    let plan = |path: &Path| Plan {
        path: path.to_owned(),
        ring: args.ring,
        held: args.save_on.is_some(),
        spare: keep::SPARE,
    };
    let plan = args.write.as_deref().map(plan);
    Keeper::new(plan.as_ref()).map_err(|error| {
        let path = plan.as_ref().map(|plan| plan.path.display().to_string());
        let trouble = Trouble::new(format!(
            "cannot write packets to '{}'",
            path.unwrap_or_default()
        ))
        .because(&error);
        match error.kind() {
            io::ErrorKind::AlreadyExists => {
                trouble.help("give a new name; captures are never overwritten")
            }
            io::ErrorKind::StorageFull => trouble.help("free space, or write to another disk"),
            _ => trouble,
        }
        .into()
    })
}

/// One capture from its start to its report.
struct Session<'s, 'c> {
    args: &'s CaptureArgs,
    interface: &'s str,
    options: &'s Options,
    diagnoser: &'s Diagnoser<'c>,
    helper: &'s Helper,
    keeper: Arc<Mutex<Keeper>>,
    logs: &'s [Selection],
    logs_over: Arc<AtomicBool>,
}

impl Session<'_, '_> {
    fn run(&self, running: &Running) -> Result<(Report, End), Failure> {
        let live = Live::new(self.diagnoser, self.interface);
        let bells = Bells::default();
        let status = Arc::new(StatusLine::new());
        let (bell, line) = (Arc::clone(&bells.interrupted), Arc::clone(&status));
        interrupt::first(move || {
            line.clear();
            bell.notify_one();
        });
        let (end, words, logs) = thread::scope(|scope| {
            let reading = scope.spawn(|| {
                if let Some(from) = running.output() {
                    let keeper = Arc::clone(&self.keeper);
                    live.read(&mut Tee { from, keeper });
                }
                bells.over.notify_one();
            });
            let logs: Vec<_> = self
                .logs
                .iter()
                .map(|selection| scope.spawn(|| self.log(selection)))
                .collect();
            let mut glance = Glance::default();
            let end = watch::wait(&bells, self.args.duration, || {
                self.glance(&live, &status, &mut glance);
            });
            let words = running.end();
            _ = reading.join();
            self.logs_over.store(true, Ordering::Relaxed);
            let logs: Vec<_> = logs
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect();
            (end, words, logs)
        });
        status.clear();
        let cannot = |error: &io::Error| Trouble::new("cannot capture").because(error);
        let end = end.map_err(|error| cannot(&error))?;
        let (words, exit) = words.map_err(|error| cannot(&error))?;
        let mut collected = live.collected();
        self.judge_end(&words, exit, live.packets(), &mut collected)?;
        for log in logs {
            let log = log.map_err(|_| anyhow::anyhow!("a reader of logs failed, please report"));
            let log = log.and_then(|log| log);
            collected = collected.and(log.map_err(|error| diagnose::internal(&error))?);
        }
        let report = self.diagnoser.judge(&collected, self.options).report;
        self.close(&report);
        Ok((report, end))
    }

    /// A log until the end of the capture.
    fn log(&self, selection: &Selection) -> anyhow::Result<Collected> {
        // a log's own flag ends it: what was written up to then is still read
        let never = AtomicBool::new(false);
        let job = Job {
            selection,
            limits: &Limits::default(),
            options: self.options,
            progress: &|_| (),
            stop: &never,
        };
        self.diagnoser.collect(job, &Engine::default())
    }

    /// What is known so far: for the status line, and for `--save-on`.
    fn glance(&self, live: &Live<'_, '_>, status: &StatusLine, glance: &mut Glance) {
        let (passed, said) = {
            let mut keeper = keep::lock(&self.keeper);
            (keeper.passed(), keeper.said())
        };
        if let Some(said) = said {
            status.clear();
            say(&sanitize::line(&said));
        }
        let wanted = status.enabled || (self.args.save_on.is_some() && !glance.saved);
        if wanted && glance.packets != passed.packets {
            glance.packets = passed.packets;
            let report = self.diagnoser.judge(&live.collected(), self.options).report;
            glance.faults = open_faults(&report);
            glance.saved |= self.save(&report);
        }
        status.show(&format!(
            "{}: {} packets, {} lost; {}",
            sanitize::line(self.interface),
            passed.packets,
            passed.lost,
            glance.words()
        ));
    }

    /// Begins to write when the fault that is waited for is there.
    fn save(&self, report: &Report) -> bool {
        let mut diagnoses = report.clusters.iter().flat_map(|known| &known.diagnoses);
        let found = diagnoses.any(|known| Some(&known.fault) == self.args.save_on.as_ref());
        if found {
            keep::lock(&self.keeper).release();
        }
        found
    }

    /// The end of the helper: an error where nothing was captured, else something the report says.
    fn judge_end(
        &self,
        words: &str,
        exit: ExitStatus,
        packets: u64,
        collected: &mut Collected,
    ) -> Result<(), Failure> {
        if exit.success() {
            return Ok(());
        }
        let (known, trouble) = self.helper.trouble(self.interface, words, exit);
        if packets == 0 && known != HelperTrouble::InterfaceGone {
            return Err(trouble.into());
        }
        for file in &mut collected.files {
            file.status = ReadStatus::Partial;
            let cause = trouble.causes.first().cloned().unwrap_or_default();
            file.notes.push(format!("the capture ended early: {cause}"));
        }
        Ok(())
    }

    /// The last words about what was written.
    fn close(&self, report: &Report) {
        let found = self.args.save_on.is_none() || self.save(report);
        let mut keeper = keep::lock(&self.keeper);
        keeper.finish();
        if let Some(said) = keeper.said() {
            say(&sanitize::line(&said));
        }
        if let Some(fault) = self.args.save_on.as_ref().filter(|_| !found) {
            say(&format!(
                "'{fault}' was not found, so no packets were written"
            ));
        }
    }
}

/// What the last glance saw.
#[derive(Default)]
struct Glance {
    packets: u64,
    faults: Vec<String>,
    saved: bool,
}

impl Glance {
    fn words(&self) -> String {
        match self.faults.as_slice() {
            [] => "nothing found so far".to_owned(),
            faults => faults.join(", "),
        }
    }
}

fn open_faults(report: &Report) -> Vec<String> {
    let diagnoses = report.clusters.iter().flat_map(|known| &known.diagnoses);
    let open = diagnoses.filter(|known| !known.cleared);
    let faults: BTreeSet<&str> = open.map(|known| known.fault.as_str()).collect();
    faults
        .into_iter()
        .map(|id| sanitize::line(id).into_owned())
        .collect()
}

/// One line on standard error that is written again and again, on a terminal only.
struct StatusLine {
    enabled: bool,
    shown: AtomicBool,
}

impl StatusLine {
    fn new() -> Self {
        Self {
            enabled: io::stderr().is_terminal(),
            shown: AtomicBool::new(false),
        }
    }

    fn show(&self, text: &str) {
        if !self.enabled {
            return;
        }
        let columns = terminal_size_of(io::stderr()).map_or(80, |(Width(columns), _)| columns);
        let text: String = text
            .chars()
            .take(usize::from(columns.saturating_sub(1)))
            .collect();
        self.shown.store(true, Ordering::Relaxed);
        let mut out = io::stderr().lock();
        // the cursor stays at the start, so that what others write begins there
        _ = write!(out, "\r\x1b[2K{text}\r").and_then(|()| out.flush());
    }

    fn clear(&self) {
        if self.shown.swap(false, Ordering::Relaxed) {
            let mut out = io::stderr().lock();
            _ = write!(out, "\r\x1b[2K").and_then(|()| out.flush());
        }
    }
}

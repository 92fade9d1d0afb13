//! What the properties share: the rules, the samples and ways to run them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use clusterdx::catalog::Catalog;
use clusterdx::detect::finding::Finding;
use clusterdx::detect::resolve::{NodeSeen, Timeline};
use clusterdx::detect::table::Table;
use clusterdx::model::hit::Collected;
use clusterdx::model::report::Report;
use clusterdx::pipeline::{Diagnoser, Engine, Job, Options};
use clusterdx::samples::{self, Sample};
use clusterdx::source::{self, Limits};

/// The built-in rules, made ready once for all runs of a test.
pub(crate) fn diagnoser() -> &'static Diagnoser<'static> {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    static DIAGNOSER: OnceLock<Diagnoser<'static>> = OnceLock::new();
    DIAGNOSER.get_or_init(|| {
        let catalog = CATALOG.get_or_init(|| Catalog::builtin().expect("built-in rules"));
        Diagnoser::new(catalog).expect("the rules fit an index")
    })
}

/// The signals of the built-in rules.
pub(crate) fn table() -> &'static Table<'static> {
    diagnoser().table()
}

/// Every sample of the repository.
pub(crate) fn all_samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| samples::discover(Path::new("samples")).expect("samples"))
}

/// The stages' results for one input.
pub(crate) struct Outcome {
    pub(crate) collected: Collected,
    pub(crate) timeline: Timeline,
    pub(crate) findings: Vec<Finding>,
    pub(crate) report: Report,
}

impl Outcome {
    /// The report as a script gets it.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(&self.report).expect("a report is plain data")
    }

    /// Id of a finding's fault.
    pub(crate) fn fault(&self, finding: &Finding) -> &'static str {
        &table().catalog.faults[finding.fault].id
    }

    /// A node of a finding.
    pub(crate) fn node(&self, at: Option<usize>) -> Option<&NodeSeen> {
        at.map(|at| &self.timeline.nodes[at])
    }

    /// The incidents without the places of their proof.
    pub(crate) fn incidents(&self) -> BTreeSet<Incident> {
        let name = |at| self.node(at).map(|node| node.label().to_owned());
        let time = |time: clusterdx::model::time::EventTime| time.micros;
        let of = |f: &Finding| {
            let spans = (time(f.first), time(f.last));
            (
                self.fault(f),
                name(f.node),
                name(f.peer),
                spans.0,
                spans.1,
                f.cleared,
            )
        };
        self.findings.iter().map(of).collect()
    }
}

/// Fault, node, peer, first and last proof, cleared.
pub(crate) type Incident = (
    &'static str,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    bool,
);

/// Runs all stages over some paths.
pub(crate) fn run(paths: &[String], options: &Options, engine: &Engine) -> Outcome {
    let selection = source::select(paths).expect("the paths exist");
    let (limits, stop) = (Limits::default(), AtomicBool::new(false));
    let job = Job {
        selection: &selection,
        limits: &limits,
        options,
        progress: &|_| (),
        stop: &stop,
    };
    let collected = diagnoser()
        .collect(job, engine)
        .expect("no stage breaks down");
    let judged = diagnoser().judge(&collected, options);
    Outcome {
        collected,
        timeline: judged.timeline,
        findings: judged.findings,
        report: judged.report,
    }
}

/// Runs one path as a user does.
pub(crate) fn run_plain(path: &Path, options: &Options) -> Outcome {
    run(&[text(path)], options, &Engine::default())
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("test paths are plain").to_owned()
}

/// Every file below a folder, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// True for a file that is read as it stands, not unpacked first.
pub(crate) fn is_plain(path: &Path) -> bool {
    path.extension()
        .is_none_or(|ext| ext != "zip" && ext != "gz")
}

/// Copies a folder's files, so that they can be changed.
pub(crate) fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let place = to.join(file.strip_prefix(from).expect("it is below"));
        write(&place, &fs::read(&file).expect("a sample's file"));
    }
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
    fs::write(path, bytes).expect("a temporary file");
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) >> 1).unwrap_or(0) % n.max(1)
    }

    /// Changes the order of a list.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

//! The whole program over files that hold an input, with the rules that are compiled into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use clusterdx::catalog::Catalog;
use clusterdx::model::hit::Collected;
use clusterdx::pipeline::{Diagnoser, Engine, Job, Options};
use clusterdx::source::{self, Limits, Selection};
use tempfile::TempDir;

/// The built-in rules.
pub fn builtin() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::builtin().expect("built-in rules"))
}

/// The built-in rules, made ready once.
pub fn diagnoser() -> &'static Diagnoser<'static> {
    static DIAGNOSER: OnceLock<Diagnoser<'static>> = OnceLock::new();
    DIAGNOSER.get_or_init(|| Diagnoser::new(builtin()).expect("the rules fit an index"))
}

/// A folder for the files of this process. It is one per process and written anew for each
/// input; `TMPDIR` says where, best in memory.
pub fn place(name: &str) -> PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder"));
    folder.path().join(name)
}

/// Writes a file to the folder of this process.
pub fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = place(name);
    fs::write(&path, bytes).expect("a temporary file");
    path
}

/// What a user gives as arguments.
pub fn select(paths: &[&Path]) -> Selection {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.to_str().expect("a plain path").to_owned())
        .collect();
    source::select(&paths).expect("the files exist")
}

/// The options of every run: one year, so that records have a time.
pub fn options() -> Options {
    Options {
        year: Some(2017),
        ..Options::default()
    }
}

/// Calls `with` with a job over a selection.
pub fn job<T>(selection: &Selection, with: impl FnOnce(Job<'_>) -> T) -> T {
    let (limits, stop) = (Limits::default(), AtomicBool::new(false));
    with(Job {
        selection,
        limits: &limits,
        options: &options(),
        progress: &|_| (),
        stop: &stop,
    })
}

/// The reading half with some rules.
pub fn collect(diagnoser: &Diagnoser<'_>, selection: &Selection, engine: &Engine) -> Collected {
    job(selection, |job| {
        diagnoser
            .collect(job, engine)
            .expect("no stage breaks down")
    })
}

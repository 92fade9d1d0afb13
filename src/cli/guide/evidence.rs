//! The evidence of a guided session, and its diagnosis: made anew whenever something is added.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::catalog::guide::Guide;
use crate::model::report::Report;
use crate::pipeline::screens::Screens;
use crate::pipeline::{Diagnoser, Job, Options};
use crate::source::{self, Limits, Selection};

use super::super::diagnose::{internal, unusable};
use super::super::failure::Failure;
use super::super::progress::Progress;
use super::super::reading;
use super::Cx;

/// Everything that was given, and what it tells.
pub(super) struct Evidence<'c> {
    diagnoser: Diagnoser<'c>,
    options: Options,
    limits: Limits,
    given: Given,
    report: Option<Report>,
    screens: Screens,
}

/// What was given: paths, and texts with what they are called.
#[derive(Clone, Default)]
pub(super) struct Given {
    pub(super) paths: Vec<String>,
    pub(super) texts: Vec<(String, Arc<str>)>,
}

/// What the evidence tells a guide.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) seen: BTreeSet<String>,
    pub(super) shown: BTreeMap<String, String>,
    /// Of observations on every node: how many there are, and how many there have to be.
    pub(super) partly: BTreeMap<String, (usize, usize)>,
}

impl<'c> Evidence<'c> {
    /// The evidence that was given with the command; it is not read yet.
    pub(super) fn new(cx: &Cx<'c>, paths: Vec<String>) -> Result<Self, Failure> {
        // a path that is not there is told before anybody is asked anything
        source::select(&paths).map_err(|error| unusable(&error))?;
        Ok(Self {
            diagnoser: Diagnoser::new(cx.catalog).map_err(|error| internal(&error))?,
            options: reading::options(&cx.args.clock, cx.lang)?,
            limits: Limits::default(),
            given: Given {
                paths,
                texts: Vec::new(),
            },
            report: None,
            screens: Screens::default(),
        })
    }

    pub(super) fn given(&self) -> &Given {
        &self.given
    }

    pub(super) fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.given.paths.is_empty() && self.given.texts.is_empty()
    }

    /// Adds a file, folder, archive or capture.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn add_path(&mut self, path: String) -> Result<(), Failure> {
        source::select(std::slice::from_ref(&path)).map_err(|error| unusable(&error))?;
        self.given.paths.push(path);
        Ok(())
    }

    /// Adds a text. `place` is the folder that it seems to stand in: what stands in one folder
    /// belongs together.
    pub(super) fn add_text(&mut self, place: &str, name: &str, text: &str) {
        let number = self.given.texts.len() + 1;
        let place = match place {
            "" => format!("pasted-{number}"),
            place => format!("{place}-{number}"),
        };
        let origin = format!("{place}/{name}");
        self.given.texts.push((origin, Arc::from(text)));
    }

    /// Goes back to what was given before.
    pub(super) fn set(&mut self, given: Given) {
        self.given = given;
    }

    /// Diagnoses everything that was given; false when Ctrl-C came.
    ///
    /// # Errors
    /// A path cannot be used any more.
    pub(super) fn read(&mut self, cx: &Cx<'_>, guides: &[&Guide]) -> Result<bool, Failure> {
        if self.is_empty() {
            (self.report, self.screens) = (None, Screens::default());
            return Ok(true);
        }
        let selection = self.selection()?;
        let progress = Arc::new(Progress::new(selection.total_bytes()));
        let show = |bytes| progress.show(bytes);
        let job = Job {
            selection: &selection,
            limits: &self.limits,
            options: &self.options,
            progress: &show,
            stop: &cx.stop,
        };
        let report = self.diagnoser.run(job).map_err(|error| internal(&error))?;
        progress.clear();
        self.screens = Screens::read(guides, &selection, &self.limits, &cx.stop);
        self.report = Some(report);
        Ok(!cx.stop.load(Ordering::Relaxed))
    }

    fn selection(&self) -> Result<Selection, Failure> {
        let files = source::select(&self.given.paths).map_err(|error| unusable(&error))?;
        let texts = self.given.texts.iter();
        Ok(texts.fold(files, |all, (origin, text)| {
            all.with_text(origin, Arc::clone(text))
        }))
    }

    /// Nodes of the product that the evidence knows.
    fn nodes(&self, guide: &Guide) -> usize {
        let clusters = self.report.iter().flat_map(|report| &report.clusters);
        let own = clusters.filter(|cluster| guide.product == Some(cluster.product));
        own.map(|cluster| cluster.nodes.len()).sum()
    }

    /// What of a guide it answers.
    pub(super) fn told(&self, cx: &Cx<'_>, guide: &Guide) -> Told {
        let mut told = Told::default();
        if self.report.is_none() {
            return told;
        }
        for observation in &guide.observations {
            if let Some(seen) = &observation.seen {
                let have = self.screens.count(cx.catalog, seen);
                let need = match seen.every {
                    true => self.nodes(guide).max(seen.least),
                    false => seen.least,
                };
                if have >= need {
                    told.seen.insert(observation.id.clone());
                } else if seen.every && have > 0 {
                    told.partly.insert(observation.id.clone(), (have, need));
                }
            }
            let shows = |expect: &_| self.screens.shows(cx.catalog, expect);
            let mut choices = observation.choices.iter();
            if let Some(choice) = choices.find(|c| c.shown.as_ref().is_some_and(shows)) {
                let answer = (observation.id.clone(), choice.id.clone());
                told.shown.extend([answer]);
            }
        }
        told
    }
}

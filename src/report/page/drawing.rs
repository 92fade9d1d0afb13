//! Drawings as numbers and words; every one has a table that says the same.

use super::Table;
use crate::model::report::Severity;

/// What happened when, one lane for each node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// What it shows, in a sentence.
    pub caption: String,
    /// Places along the lanes, from 0 to 1, and their times.
    pub ticks: Vec<(f64, String)>,
    /// The lanes.
    pub lanes: Vec<Lane>,
    /// The incidents by their numbers.
    pub table: Table,
}

/// What happened on one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// The node.
    pub node: String,
    /// How far its clock is off.
    pub clock: String,
    /// Rows that its incidents take.
    pub rows: usize,
    /// Its incidents.
    pub bars: Vec<Bar>,
    /// Where it changed its state, from 0 to 1.
    pub changes: Vec<f64>,
}

/// One incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its number in the table.
    pub number: usize,
    /// From the first to the last proof or to the record that ends it, each from 0 to 1.
    pub span: (f64, f64),
    /// How grave.
    pub severity: Severity,
    /// Nothing shows that it is over.
    pub open: bool,
    /// In which row of the lane it stands.
    pub row: usize,
}

/// Who sees whom as what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// What it shows, in a sentence.
    pub caption: String,
    /// How the drawing is read.
    pub legend: String,
    /// The nodes.
    pub places: Vec<Place>,
    /// What is between them.
    pub edges: Vec<Edge>,
    /// The nodes in words.
    pub nodes: Table,
    /// Who sees whom, and what is broken, in words.
    pub table: Table,
}

/// A node in the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its role, as a word.
    pub role: String,
    /// It leads the cluster.
    pub leads: bool,
    /// The gravest of its open incidents.
    pub trouble: Option<Severity>,
}

/// Something between two nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// Place of the one that sees or misses the other.
    pub from: usize,
    /// Place of the other one.
    pub to: usize,
    /// An open incident between them; nothing when the one sees the other.
    pub broken: Option<Severity>,
}

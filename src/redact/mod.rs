//! Takes names, addresses and secrets out of what a user wants to share, one and the same way
//! everywhere.
//!
//! ```text
//! learn ─► what is a name here: fields of records, certificates, shapes in the text
//! map   ─► what stands for it: one table for logs, captures and reports, kept in a private file
//! text  ─► lines with everything replaced            wire ─► frames, certificates, streams
//! leak  ─► whether anything that was learned is left
//! ```
//!
//! Replacements of names have the length of what they stand for, so that tables, wrapped lines,
//! certificates and packets keep their shape. Words that the rules know are nobody's names.

pub mod address;
pub mod der;
pub mod leak;
pub mod learn;
pub mod lexicon;
pub mod map;
pub mod names;
pub mod pem;
pub mod secret;
mod shapes;
#[cfg(test)]
mod tests;
pub mod text;
pub mod vocabulary;
pub mod wire;

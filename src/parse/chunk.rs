//! Pieces of a text that can be parsed on their own.

/// How far around a cut parts of one record are looked for.
pub const JOIN_WINDOW: usize = 4096;

/// Bytes of whole records with their place in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The text; every line ends in a line feed except perhaps the file's last.
    pub bytes: Vec<u8>,
    /// Line number of the first line in the file, from 1.
    pub first_line: u64,
    /// For repaired text: the line number of each line of `bytes`.
    pub line_numbers: Option<Vec<u64>>,
}

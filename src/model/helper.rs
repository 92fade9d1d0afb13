//! What `clusterdx` and its capture helper agree on: how the helper says why it ended.
//!
//! The helper is a program of its own because only it needs a capability. It ends with one line
//! `NAME<TAB>TEXT` on standard error and the exit code that belongs to the name.

/// Why the helper could not begin or go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelperTrouble {
    /// It was called wrongly.
    Usage,
    /// It may not open interfaces.
    NoPrivilege,
    /// There is no interface of this name.
    NoInterface,
    /// The filter is no BPF expression, or does not suit the interface.
    BadFilter,
    /// The interface is there, and down.
    InterfaceDown,
    /// The interface went away while it was captured on.
    InterfaceGone,
    /// It has more rights than it may keep and cannot give them up.
    KeepsRights,
    /// Anything else: what the library or the system says.
    Other,
}

impl HelperTrouble {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Usage,
        Self::NoPrivilege,
        Self::NoInterface,
        Self::BadFilter,
        Self::InterfaceDown,
        Self::InterfaceGone,
        Self::KeepsRights,
        Self::Other,
    ];

    /// Its name on standard error.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::NoPrivilege => "no-privilege",
            Self::NoInterface => "no-interface",
            Self::BadFilter => "bad-filter",
            Self::InterfaceDown => "interface-down",
            Self::InterfaceGone => "interface-gone",
            Self::KeepsRights => "keeps-rights",
            Self::Other => "other",
        }
    }

    /// Its exit code; none is one that shells or signals use.
    pub fn code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Other => 3,
            Self::NoPrivilege => 10,
            Self::NoInterface => 11,
            Self::BadFilter => 12,
            Self::InterfaceDown => 13,
            Self::InterfaceGone => 14,
            Self::KeepsRights => 15,
        }
    }

    /// The trouble with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_codes_tell_troubles_apart() {
        let codes: BTreeSet<u8> = HelperTrouble::ALL
            .into_iter()
            .map(HelperTrouble::code)
            .collect();
        assert_eq!(codes.len(), HelperTrouble::ALL.len());
        for trouble in HelperTrouble::ALL {
            assert_eq!(HelperTrouble::of_name(trouble.name()), Some(trouble));
        }
        assert_eq!(HelperTrouble::of_name("fine"), None);
    }
}

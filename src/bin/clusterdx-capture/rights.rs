//! Gives up every right once the interface is open: what comes after it reads bytes that anybody
//! on the network may have made.
//!
//! With a file capability the process is an ordinary user's, and the capability goes. Run as root
//! (by sudo) it becomes the user who called sudo, and nobody where that is not known: without
//! capabilities root would still own root's files. Nothing it executes later could win rights back.

use caps::CapSet;
use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

/// The id of the user without rights on every Linux distribution.
const NOBODY: u32 = 65534;

/// Gives up capabilities, root's identity, and the way back. To be called before there is a second
/// thread: Linux keeps capabilities per thread.
///
/// # Errors
/// What could not be given up; the process must then not go on.
pub(crate) fn drop_all() -> Result<(), String> {
    prctl::set_no_new_privs().map_err(|error| format!("no_new_privs: {error}"))?;
    if Uid::effective().is_root() {
        become_user()?;
    }
    // the ambient set first: it follows from the others, and old kernels have none
    _ = caps::clear(None, CapSet::Ambient);
    for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        caps::clear(None, set).map_err(|error| format!("capabilities: {error}"))?;
    }
    Ok(())
}

fn become_user() -> Result<(), String> {
    #[expect(clippy::disallowed_methods, reason = "sudo tells it nowhere else")]
    let id = |name| of_sudo(std::env::var(name).ok().as_deref());
    let (uid, gid) = (Uid::from_raw(id("SUDO_UID")), Gid::from_raw(id("SUDO_GID")));
    let changed = setgroups(&[])
        .and_then(|()| setresgid(gid, gid, gid))
        .and_then(|()| setresuid(uid, uid, uid));
    match changed {
        Ok(()) => Ok(()),
        // inside a user namespace that has no other user this root is none outside either
        Err(Errno::EINVAL) | Err(Errno::EPERM) if alone() => Ok(()),
        Err(error) => Err(format!("cannot become user {uid}: {error}")),
    }
}

/// The id in a variable of sudo; never root's.
fn of_sudo(text: Option<&str>) -> u32 {
    text.and_then(|text| text.parse().ok())
        .filter(|id| *id != 0 && *id != u32::MAX)
        .unwrap_or(NOBODY)
}

/// True when the user namespace maps one user only.
fn alone() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let sizes = map
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    sizes.sum::<u64>() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_called_sudo_and_never_root() {
        assert_eq!(of_sudo(Some("1000")), 1000);
        for odd in [
            None,
            Some("0"),
            Some(""),
            Some("-1"),
            Some("4294967295"),
            Some("x"),
        ] {
            assert_eq!(of_sudo(odd), NOBODY, "{odd:?}");
        }
    }
}

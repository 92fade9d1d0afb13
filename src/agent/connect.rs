//! The ways to a node, by their scheme.

use std::time::Instant;

use super::target::Target;
use super::{AgentError, BoxFuture, ClusterAgent, FailureKind};
use crate::catalog::remedy::Dialect;

/// A way to a node.
pub trait Transport: Sync {
    /// Its name in URLs.
    fn scheme(&self) -> &'static str;

    /// Connects and logs in. Whatever fails has the kind that tells where.
    fn connect<'a>(
        &'a self,
        target: &'a Target,
        dialect: &'a Dialect,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn ClusterAgent>, AgentError>>;
}

/// All of them.
pub const TRANSPORTS: &[&dyn Transport] = &[
    #[cfg(unix)]
    &super::ssh::Ssh::IN_PATH,
    &super::soap::Soap,
    &super::manual::Manual,
];

/// Connects to a node and waits until it takes commands, at most until the deadline and never
/// longer than each way allows by itself (30 seconds to connect, 30 to greet; with `ssh`, two
/// minutes in between for a password that a person types).
///
/// # Errors
/// Of kind [`FailureKind::Connect`], [`FailureKind::Auth`], [`FailureKind::HostKey`] or
/// [`FailureKind::Prompt`] mostly.
pub async fn connect(
    target: &Target,
    dialect: &Dialect,
    deadline: Instant,
) -> Result<Box<dyn ClusterAgent>, AgentError> {
    let scheme = target.place.scheme.as_str();
    let Some(transport) = TRANSPORTS.iter().find(|way| way.scheme() == scheme) else {
        return Err(AgentError {
            kind: FailureKind::Connect,
            what: format!("there is no way to a node by {scheme}:// on this system"),
            said: String::new(),
            help: String::new(),
            sent: false,
        });
    };
    transport.connect(target, dialect, deadline).await
}

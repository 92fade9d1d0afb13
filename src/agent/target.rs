//! Which node is reached how.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::dialect_agent::Limits;
use super::manual::Console;
use crate::model::secret::Secret;

/// Longest name of a user or a host.
const LONGEST: usize = 255;

/// Where an agent finds a node: `ssh://admin@10.0.0.1:22`. It holds nothing that a command line
/// could misread: names are letters, digits and a few signs, and begin with none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `ssh`, `soap` or `manual`.
    pub scheme: String,
    /// Who logs in; empty for `manual`.
    pub user: String,
    /// Name or address; empty for `manual`.
    pub host: String,
    /// Port; 0 for `manual`.
    pub port: u16,
}

impl Place {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong, in a few words. A password in it is refused, and not repeated.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or("it has no scheme")?;
        let default = match scheme {
            "manual" => {
                let place = |()| Self {
                    scheme: scheme.to_owned(),
                    user: String::new(),
                    host: String::new(),
                    port: 0,
                };
                let bare = rest.chars().all(|c| c.is_ascii_graphic());
                return bare
                    .then_some(())
                    .map(place)
                    .ok_or("it has odd characters".to_owned());
            }
            "ssh" => 22,
            "soap" => 8443,
            _ => return Err("its scheme is none of ssh, soap and manual".to_owned()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = rest.rsplit_once('@').ok_or("it names no user")?;
        if user.contains(':') {
            return Err("it holds a password, which belongs to no file".to_owned());
        }
        let (host, port) = host_and_port(place)?;
        check_name("user", user, "._-")?;
        check_name("host", host, "._-:%")?;
        Ok(Self {
            scheme: scheme.to_owned(),
            user: user.to_owned(),
            host: host.to_owned(),
            port: port.unwrap_or(default),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scheme,
            user,
            host,
            port,
        } = self;
        match (host.is_empty(), host.contains(':')) {
            (true, _) => write!(f, "{scheme}://"),
            (_, true) => write!(f, "{scheme}://{user}@[{host}]:{port}"),
            _ => write!(f, "{scheme}://{user}@{host}:{port}"),
        }
    }
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']').ok_or("a bracket is not closed")?;
            match (behind.is_empty(), behind.strip_prefix(':')) {
                (true, _) => (host, None),
                (_, Some(port)) => (host, Some(port)),
                _ => return Err("something stands behind its host".to_owned()),
            }
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0);
    match port.map(number) {
        Some(None) => Err("its port is none".to_owned()),
        port => Ok((host, port.flatten())),
    }
}

fn check_name(what: &str, name: &str, signs: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
    if name.is_empty() {
        return Err(format!("its {what} is empty"));
    }
    // an IPv6 address may begin with colons
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == ':' || c == '_');
    if name.len() > LONGEST || !name.chars().all(fits) || !begins {
        return Err(format!("its {what} is no name"));
    }
    Ok(())
}

/// A node and all that is needed to reach it.
#[derive(Clone)]
pub struct Target {
    /// Name of the node, for messages.
    pub node: String,
    /// Where it is.
    pub place: Place,
    /// A password that was handed over.
    pub password: Option<Secret>,
    /// Host keys that are known instead of the user's own.
    pub known_hosts: Option<PathBuf>,
    /// Authorities that vouch for the node's certificate, as a PEM file.
    pub ca_file: Option<PathBuf>,
    /// Who runs commands by hand.
    pub console: Option<Arc<dyn Console>>,
    /// How long is waited for what.
    pub limits: Limits,
}

impl Target {
    /// A node that is reached with what its user has set up.
    pub fn new(node: impl Into<String>, place: Place) -> Self {
        Self {
            node: node.into(),
            place,
            password: None,
            known_hosts: None,
            ca_file: None,
            console: None,
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("node", &self.node)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_written() {
        for (url, shown) in [
            ("ssh://admin@10.48.54.75:22", "ssh://admin@10.48.54.75:22"),
            ("ssh://admin@cms1", "ssh://admin@cms1:22"),
            (
                "ssh://a.b@[2001:db8::1]:2222/",
                "ssh://a.b@[2001:db8::1]:2222",
            ),
            ("ssh://admin@[::1]", "ssh://admin@[::1]:22"),
            ("soap://admin@imp1a", "soap://admin@imp1a:8443"),
            ("manual://", "manual://"),
        ] {
            assert_eq!(
                Place::parse(url).map(|p| p.to_string()),
                Ok(shown.to_owned())
            );
        }
    }

    #[test]
    fn places_that_a_command_line_could_misread_are_refused() {
        for url in [
            "cms1",
            "ssh://cms1",
            "telnet://a@b",
            "ssh://-oProxyCommand=x@cms1",
            "ssh://a@-oX=y",
            "ssh://a@b c",
            "ssh://a@b:0",
            "ssh://a@b:99999",
            "ssh://a@b:x",
            "ssh://@b",
            "ssh://a@",
            "ssh://a@b/c",
            "ssh://a@[::1",
            "ssh://a@[::1]x",
            "ssh://a@b\n",
            "ssh://a'@b",
            "ssh://a@$(b)",
        ] {
            assert!(Place::parse(url).is_err(), "{url}");
        }
        let error = Place::parse("ssh://admin:hunter2@cms1").unwrap_err();
        assert!(error.contains("password") && !error.contains("hunter2"));
    }
}

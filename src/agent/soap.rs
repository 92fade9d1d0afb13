//! `soap://`: the service control interface of IM and Presence nodes, for the few commands of the
//! command line that it can stand for. Answers are given as that command line would print them,
//! so that the same conditions read them.
//!
//! Every command is a connection of its own; the certificate has to be the node's every time.

use std::path::Path;
use std::time::Instant;

use tokio::time::timeout_at;

use super::connect::Transport;
use super::target::Target;
use super::{AgentError, Answer, BoxFuture, ClusterAgent, Command, FailureKind, KEPT, Output};
use crate::catalog::remedy::Dialect;
use crate::model::secret::Secret;
use crate::tls::Trust;
use http::Reply;

mod http;
mod xml;

/// Largest file of authorities.
const CA_FILE: u64 = 4 << 20;

/// The service that answers here, which cannot restart itself.
const HOST_SERVICE: &str = "Cisco Tomcat";

/// `soap://`
pub struct Soap;

impl Transport for Soap {
    fn scheme(&self) -> &'static str {
        "soap"
    }

    fn connect<'a>(
        &'a self,
        target: &'a Target,
        dialect: &'a Dialect,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn ClusterAgent>, AgentError>> {
        Box::pin(async move {
            let agent = SoapAgent::new(target, dialect)?;
            // address and certificate are proved before anything is asked
            let opening = timeout_at(deadline.into(), http::open(&agent.server)).await;
            match opening {
                Ok(Ok(_)) => Ok(Box::new(agent) as Box<dyn ClusterAgent>),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(failed(
                    FailureKind::Connect,
                    "the node did not answer in time",
                )),
            }
        })
    }
}

/// Where and how requests are sent.
struct Server {
    host: String,
    port: u16,
    user: String,
    password: Secret,
    trust: Trust,
}

struct SoapAgent {
    server: Server,
    dialect: Dialect,
}

/// A command as the interface knows it.
#[derive(Debug, PartialEq, Eq)]
enum Request<'c> {
    List,
    Control(&'static str, &'c str),
}

impl SoapAgent {
    fn new(target: &Target, dialect: &Dialect) -> Result<Self, AgentError> {
        let with_help = |kind, what: &str, help: &str| AgentError {
            help: help.to_owned(),
            ..failed(kind, what)
        };
        let Some(password) = target.password.clone() else {
            let help = "hand one over, such as: password: {fd: 3}";
            let what = "the service control interface needs a password";
            return Err(with_help(FailureKind::Auth, what, help));
        };
        let Some(file) = &target.ca_file else {
            let help = "name a PEM file with the node's certificate or its authority as ca_file";
            let what = "nothing vouches for the node's certificate";
            return Err(with_help(FailureKind::HostKey, what, help));
        };
        let trust = trust(file).map_err(|reason| {
            let what = format!("'{}' is of no use: {reason}", file.display());
            failed(FailureKind::Connect, &what)
        })?;
        Ok(Self {
            server: Server {
                host: target.place.host.clone(),
                port: target.place.port,
                user: target.place.user.clone(),
                password,
                trust,
            },
            dialect: dialect.clone(),
        })
    }

    async fn ask(&self, command: &Command) -> Result<Output, AgentError> {
        if !self.dialect.allows(&command.line) {
            let what = "the dialect does not allow this command";
            return Err(failed(FailureKind::Refused, what));
        }
        let Some(request) = request(&command.line) else {
            return Ok(output(String::new(), Answer::Unknown));
        };
        if matches!(request, Request::Control(_, HOST_SERVICE)) {
            return Err(AgentError {
                help: "restart it over ssh".to_owned(),
                ..failed(
                    FailureKind::Refused,
                    "Cisco Tomcat serves this interface itself",
                )
            });
        }
        let (action, body) = self.envelope(&request);
        let reply = http::post(&self.server, action, &body).await?;
        self.read(&reply)
    }

    fn envelope(&self, request: &Request<'_>) -> (&'static str, String) {
        match request {
            Request::List => ("soapGetServiceStatus", xml::status()),
            Request::Control(kind, service) => (
                "soapDoControlServices",
                xml::control(&self.server.host, kind, service),
            ),
        }
    }

    fn read(&self, reply: &Reply) -> Result<Output, AgentError> {
        let told = xml::answer(&reply.body);
        let mut text = told.services;
        match reply.status {
            401 | 403 => Err(AgentError {
                help: "check user, password and the role of the user".to_owned(),
                ..failed(FailureKind::Auth, "the node refused the login")
            }),
            // nothing is done before the whole request is understood
            200 if told.failure.is_none() && !text.is_empty() => Ok(output(text, Answer::Done)),
            200 if told.failure.is_none() => Err(AgentError {
                sent: true,
                said: super::mask::all(&reply.start(), Some(&self.server.password), &[]),
                ..failed(FailureKind::Dialect, "the answer names no service")
            }),
            status => {
                let failure = told.failure.unwrap_or_else(|| format!("HTTP {status}"));
                text.push_str(&self.server.password.hide_in(&failure));
                text.push('\n');
                Ok(output(text, Answer::Failed))
            }
        }
    }
}

impl ClusterAgent for SoapAgent {
    fn proved_name(&self) -> Option<&str> {
        Some(&self.server.host)
    }

    fn run<'a>(
        &'a mut self,
        command: &'a Command,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Output, AgentError>> {
        Box::pin(async move {
            let asked = timeout_at(deadline.into(), self.ask(command)).await;
            asked.unwrap_or_else(|_| {
                Err(AgentError {
                    // it may have been
                    sent: true,
                    ..failed(FailureKind::Timeout, "the node did not answer in time")
                })
            })
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

fn failed(kind: FailureKind, what: &str) -> AgentError {
    AgentError {
        kind,
        what: what.to_owned(),
        said: String::new(),
        help: String::new(),
        sent: false,
    }
}

fn output(mut text: String, answer: Answer) -> Output {
    let whole = text.len();
    let mut end = whole.min(KEPT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    Output {
        dropped: (whole - end) as u64,
        text,
        answer,
        confirmed: Vec::new(),
    }
}

fn trust(file: &Path) -> Result<Trust, String> {
    let known = std::fs::metadata(file).map_err(|error| error.to_string())?;
    if !known.is_file() || known.len() > CA_FILE {
        return Err("it is no file, or far too large for one of certificates".to_owned());
    }
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    Trust::from_pem(&pem)
}

/// What a line of the command line asks for.
fn request(line: &str) -> Option<Request<'_>> {
    let rest = line.strip_prefix("utils service ")?.trim();
    if rest == "list" || rest == "list page" {
        return Some(Request::List);
    }
    let (verb, service) = rest.split_once(' ')?;
    let kind = match verb {
        "restart" => "Restart",
        "start" => "Start",
        _ => return None,
    };
    let service = service.trim();
    (!service.is_empty()).then_some(Request::Control(kind, service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_requests() {
        let control = |line| request(line);
        assert_eq!(control("utils service list"), Some(Request::List));
        assert_eq!(
            control("utils service restart Cisco XCP Router"),
            Some(Request::Control("Restart", "Cisco XCP Router"))
        );
        assert_eq!(
            control("utils service start A"),
            Some(Request::Control("Start", "A"))
        );
        for line in [
            "utils service stop A",
            "utils service restart ",
            "show status",
            "utils service",
        ] {
            assert_eq!(control(line), None, "{line}");
        }
    }
}

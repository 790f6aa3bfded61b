//! What is answered to which request, right or wrong.

use super::range::{Wanted, shifted, wanted};
use super::request::Request;
use super::response::{Response, date};
use super::site::{Resource, Site, Version};
use super::tokens::Tokens;
use crate::faults::Faults;
use crate::service::Seen;
use crate::time::Epoch;
use brownout_core::network::HttpFault;
use brownout_core::time::{Duration, Instant};
use serde_json::{Map, Value, json};

/// The longest name of a device that asks for a token, in bytes.
const LONGEST_NAME: usize = 64;

/// What is in the way of a path that goes round in circles.
const MOVED: &str = "/moved";

/// Which service it is, and what it must not forget.
#[derive(Clone, Debug)]
pub(super) enum Role {
    Api(Site),
    Identity(Tokens),
}

/// A request meets what the server does wrong.
pub(super) struct Meeting<'a> {
    pub(super) role: &'a Role,
    pub(super) faults: &'a mut Faults<HttpFault>,
    pub(super) epoch: Epoch,
    pub(super) now: Instant,
    pub(super) seen: &'a mut Vec<Seen>,
}

impl Meeting<'_> {
    pub(super) fn meet<R>(&mut self, which: impl FnMut(&HttpFault) -> Option<R>) -> Option<R> {
        let (found, seen) = self.faults.meet(which)?;
        self.seen.extend(seen);
        Some(found)
    }

    fn meets(&mut self, which: &HttpFault) -> bool {
        self.meet(|fault| (fault == which).then_some(())).is_some()
    }

    pub(super) fn answer(&mut self, request: &Request) -> Response {
        let status = self.meet(|fault| match fault {
            HttpFault::Status { code, retry_after } => Some((code.number(), *retry_after)),
            _ => None,
        });
        if let Some((code, retry_after)) = status {
            let answer = Response::error(code);
            return match retry_after {
                Some(after) => answer.with("Retry-After", (after.0 / 1_000_000_000).to_string()),
                None => answer,
            };
        }
        if self.meets(&HttpFault::RedirectLoop) {
            let there = match request.path.strip_prefix(MOVED) {
                Some(back) if back.starts_with('/') => back.to_owned(),
                _ => format!("{MOVED}{}", request.path),
            };
            return Response::error(307).with("Location", there);
        }
        match self.role {
            Role::Api(site) => self.api(site, request),
            Role::Identity(tokens) => self.identity(tokens, request),
        }
    }

    fn api(&mut self, site: &Site, request: &Request) -> Response {
        let config = request.path == "/v1/config";
        let resource = match request.path.strip_prefix("/files/") {
            Some(name) => site.file(name),
            None => config.then(|| site.config()),
        };
        let Some(resource) = resource else { return Response::error(404) };
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Response::error(405).with("Allow", "GET, HEAD");
        }
        let kind = if config { "application/json" } else { "application/octet-stream" };
        let version = self.version_of(resource);
        if config && self.meets(&HttpFault::VersionDrift) {
            return Response::json(200, &drifted(&version.body));
        }
        self.version(version, request).with("Content-Type", kind)
    }

    fn version_of<'r>(&mut self, resource: &'r Resource) -> &'r Version {
        match &resource.previous {
            Some(previous) if self.meets(&HttpFault::Stale) => previous,
            _ => &resource.current,
        }
    }

    /// What a resource is at a time, or a part of that, or that the client has it already.
    fn version(&mut self, version: &Version, request: &Request) -> Response {
        let length = version.body.len();
        let answer = Response {
            status: 200,
            fields: vec![("ETag", version.tag.clone()), ("Accept-Ranges", "bytes".to_owned())],
            body: version.body.clone(),
            part: 0..length,
            bare: request.method == "HEAD",
        };
        if request.if_none_match.as_deref().is_some_and(|tags| names(tags, &version.tag)) {
            return Response { status: 304, bare: true, ..answer };
        }
        // A part of something else than the client has the rest of is of no use (RFC 9110 section 13.1.5).
        let same = request.if_range.as_deref().is_none_or(|tag| tag == version.tag);
        let Some(range) = request.range.as_deref().filter(|_| same && request.method == "GET") else {
            return answer;
        };
        let part = match wanted(range, length) {
            Wanted::Whole => return answer,
            _ if self.meets(&HttpFault::RangeIgnored) => return answer,
            Wanted::Beyond => {
                return Response::error(416).with("Content-Range", format!("bytes */{length}"));
            }
            Wanted::Part(part) => part,
        };
        let by = self.meet(|fault| match fault {
            HttpFault::WrongRange { by } => Some(usize::try_from(by.bytes()).unwrap_or(usize::MAX)),
            _ => None,
        });
        let part = by.map_or(part.clone(), |by| shifted(&part, by, length));
        let says = format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1));
        Response { status: 206, part, ..answer }.with("Content-Range", says)
    }

    fn identity(&mut self, tokens: &Tokens, request: &Request) -> Response {
        if request.path != "/token" {
            return Response::error(404);
        }
        if request.method != "POST" {
            return Response::error(405).with("Allow", "POST");
        }
        let body: Option<Value> = serde_json::from_slice(&request.body).ok();
        let id = body.as_ref().and_then(|body| body.get("id")).and_then(Value::as_str);
        let plain = |id: &&str| {
            (1..=LONGEST_NAME).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let Some(id) = id.filter(plain) else { return Response::error(400) };
        let (token, lifetime) = (tokens.issue(self.now, id), tokens.lifetime());
        let answer = if self.meets(&HttpFault::VersionDrift) {
            json!({"access_token": token, "token_type": "Bearer", "expires_at": self.date_after(lifetime)})
        } else {
            json!({"token": token, "expires_in": lifetime.0 / 1_000_000_000})
        };
        Response::json(200, &answer).with("Cache-Control", "no-store")
    }

    fn date_after(&self, time: Duration) -> String {
        date(self.epoch.unix(self.now + time))
    }
}

/// Whether a list of entity tags names one (RFC 9110 section 13.1.2, weak comparison).
fn names(tags: &str, tag: &str) -> bool {
    tags.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// A later version of the interface: everything one level deeper, and numbers as texts.
fn drifted(config: &[u8]) -> Value {
    let fields: Map<String, Value> = serde_json::from_slice(config).unwrap_or_default();
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| match value {
            Value::Number(number) => (name, Value::String(number.to_string())),
            other => (name, other),
        })
        .collect();
    json!({"apiVersion": "v2", "data": fields})
}

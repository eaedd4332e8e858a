//! Holds the trusted keys. They are read from a file or fetched, and refreshed; if the source fails, the last valid ones stay.
//!
//! At most one fetch runs at a time, in a task of its own, so that a caller who disconnects does not waste it. Requests wait for
//! it only if there are no keys yet, if no request has come for so long that keys may have been withdrawn, or if their token
//! names an unknown key.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::key_set::{KeySet, KeySetError};
use super::{AuthConfigError, Clock, KeySource};

/// The largest key set that is read.
const MAX_BYTES: u64 = 512 * 1024;
/// The longest time for a fetch.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The shortest interval between two fetches for unknown keys, and between two attempts at a failing source.
const MIN_INTERVAL: Duration = Duration::from_secs(30);
/// The same interval while there are no keys at all.
const FIRST_INTERVAL: Duration = Duration::from_secs(5);
/// The interval between two checks of a file.
const FILE_INTERVAL: Duration = Duration::from_secs(1);

type Flight = Shared<BoxFuture<'static, ()>>;

pub(super) struct KeyStore {
    source: KeySource,
    max_age: Duration,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The last valid keys; `None` until there are some.
    keys: Option<Arc<KeySet>>,
    /// The running fetch.
    flight: Option<Flight>,
    /// True if requests wait for that fetch, because the keys are too old to be used.
    is_urgent: bool,
    fetched: Option<DateTime<Utc>>,
    tried: Option<DateTime<Utc>>,
    /// The time of the last fetch for an unknown key.
    asked: Option<DateTime<Utc>>,
    stamp: Option<FileStamp>,
    failure: Option<KeySetError>,
}

/// Identifies a version of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    modified: SystemTime,
    bytes: u64,
}

enum Fetched {
    Keys(KeySet, Option<FileStamp>),
    Unchanged,
}

impl KeyStore {
    /// Returns a store. A file is read at once, so that a wrong path shows at the start; a URL is fetched when first needed.
    pub(super) fn new(
        source: KeySource,
        max_age: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AuthConfigError> {
        let mut state = State::default();
        match &source {
            KeySource::File(path) => match read_file(path, None) {
                Ok(Fetched::Keys(keys, stamp)) => {
                    warn_if_empty(&keys);
                    state.keys = Some(Arc::new(keys));
                    state.stamp = stamp;
                    state.fetched = Some(clock.now());
                    state.tried = state.fetched;
                }
                Ok(Fetched::Unchanged) => {}
                Err(reason) => return Err(AuthConfigError::KeysFile { path: path.clone(), reason }),
            },
            KeySource::Url(url) => {
                url.parse::<KeySource>()?;
                if is_plain_and_remote(url) {
                    tracing::warn!(
                        "the key set is fetched over plain http: an attacker on the network can replace the keys"
                    );
                }
            }
        }
        Ok(Self { source, max_age, clock, state: Mutex::new(state) })
    }

    /// Returns the current keys; none if there never were any.
    pub(super) fn keys(&self) -> Option<Arc<KeySet>> {
        self.lock().keys.clone()
    }

    /// Refreshes old keys. Waits only if old keys must not be used.
    pub(super) async fn keep_fresh(self: &Arc<Self>) {
        let now = self.clock.now();
        match &self.source {
            KeySource::File(_) => {
                let flight = self.refresh(|state| {
                    let due = has_passed(FILE_INTERVAL, state.tried, now);
                    if due {
                        state.tried = Some(now);
                    }
                    due
                });
                wait(flight).await;
            }
            KeySource::Url(_) => {
                let max_age = self.max_age;
                let flight = self.refresh(|state| {
                    let interval = if state.keys.is_none() { FIRST_INTERVAL } else { MIN_INTERVAL };
                    let due =
                        has_passed(max_age, state.fetched, now) && has_passed(interval, state.tried, now);
                    if due {
                        // Attempts are frequent while requests come, so an old attempt means that none came.
                        state.is_urgent = has_passed(max_age.saturating_mul(2), state.tried, now);
                        state.tried = Some(now);
                    }
                    due
                });
                let must_wait = {
                    let state = self.lock();
                    state.is_urgent || state.keys.is_none()
                };
                if must_wait {
                    wait(flight).await;
                }
            }
        }
    }

    /// Fetches keys that may be new. Rate limited: anybody can send a token with an unknown `kid`.
    pub(super) async fn fetch_for_unknown_key(self: &Arc<Self>) {
        let now = self.clock.now();
        let is_file = matches!(self.source, KeySource::File(_));
        let flight = self.refresh(|state| {
            let interval = if state.keys.is_none() { FIRST_INTERVAL } else { MIN_INTERVAL };
            let due = is_file || (has_passed(interval, state.asked, now));
            if due {
                state.asked = Some(now);
                state.tried = Some(now);
            }
            due
        });
        wait(flight).await;
    }

    /// Fetches now and returns the number of usable keys.
    pub(super) async fn load(self: &Arc<Self>) -> Result<usize, KeySetError> {
        let now = self.clock.now();
        let flight = self.refresh(|state| {
            state.tried = Some(now);
            true
        });
        wait(flight).await;
        let state = self.lock();
        match (&state.failure, &state.keys) {
            (Some(failure), _) => Err(failure.clone()),
            (None, keys) => Ok(keys.as_ref().map_or(0, |keys| keys.len())),
        }
    }

    /// Returns the running fetch, otherwise starts one if it is due.
    fn refresh(self: &Arc<Self>, due: impl FnOnce(&mut State) -> bool) -> Option<Flight> {
        let mut state = self.lock();
        if let Some(flight) = &state.flight {
            return Some(flight.clone());
        }
        if !due(&mut state) {
            return None;
        }
        let store = Arc::clone(self);
        let stamp = state.stamp;
        let task = tokio::spawn(async move {
            let source = store.source.clone();
            let fetched = tokio::task::spawn_blocking(move || match &source {
                KeySource::File(path) => read_file(path, stamp),
                KeySource::Url(url) => fetch(url),
            })
            .await
            .unwrap_or_else(|error| Err(KeySetError::Unreadable(error.to_string())));
            store.store_fetched(fetched);
        });
        let flight = task.map(|_| ()).boxed().shared();
        state.flight = Some(flight.clone());
        Some(flight)
    }

    /// Stores the result of a fetch.
    fn store_fetched(&self, fetched: Result<Fetched, KeySetError>) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.flight = None;
        state.is_urgent = false;
        match fetched {
            Ok(fetched) => {
                state.failure = None;
                state.fetched = Some(now);
                if let Fetched::Keys(keys, stamp) = fetched {
                    warn_if_empty(&keys);
                    tracing::debug!(keys = keys.len(), "the key set has been read");
                    state.keys = Some(Arc::new(keys));
                    state.stamp = stamp;
                }
            }
            Err(error) => {
                let kept = state.keys.as_ref().map_or(0, |keys| keys.len());
                // A file is checked every second; the same failure is logged only once.
                if state.failure.as_ref() != Some(&error) || matches!(self.source, KeySource::Url(_)) {
                    tracing::warn!(%error, kept, "the key set could not be refreshed; the last valid keys stay");
                }
                state.failure = Some(error);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn wait(flight: Option<Flight>) {
    if let Some(flight) = flight {
        flight.await;
    }
}

/// Returns true if this much time has passed since then. A clock that was set back counts as passed.
fn has_passed(interval: Duration, then: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    then.is_none_or(|then| (now - then).to_std().map_or(true, |passed| passed >= interval))
}

fn warn_if_empty(keys: &KeySet) {
    if keys.len() == 0 {
        tracing::warn!("the key set has no usable key: tokens that need one cannot be verified");
    }
}

fn read_file(path: &Path, known: Option<FileStamp>) -> Result<Fetched, KeySetError> {
    let unreadable = |error: std::io::Error| KeySetError::Unreadable(error.to_string());
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    let stamp = FileStamp { modified: metadata.modified().map_err(unreadable)?, bytes: metadata.len() };
    if known == Some(stamp) {
        return Ok(Fetched::Unchanged);
    }
    if stamp.bytes > MAX_BYTES {
        return Err(KeySetError::TooLarge(MAX_BYTES));
    }
    let text = std::fs::read(path).map_err(unreadable)?;
    Ok(Fetched::Keys(KeySet::parse(&text)?, Some(stamp)))
}

/// Returns true if the URL is plain http and not on this machine.
fn is_plain_and_remote(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    uri.scheme_str() == Some("http") && !matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Fetches the set. Blocks.
fn fetch(url: &str) -> Result<Fetched, KeySetError> {
    let unreadable = |error: ureq::Error| KeySetError::Unreadable(error.to_string());
    // The machine's own certificates first: an issuer inside a company may have a certificate of the company.
    let native = rustls_native_certs::load_native_certs().certs;
    let roots = if native.is_empty() {
        RootCerts::WebPki
    } else {
        let certificates: Vec<_> = native.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        RootCerts::new_with_certs(&certificates)
    };
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(FETCH_TIMEOUT))
        .max_redirects(3)
        // A redirect may lead to another host, but never from https to http.
        .https_only(url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")))
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .user_agent(concat!("praxis/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let mut response = agent.get(url).header("Accept", "application/json").call().map_err(unreadable)?;
    let text =
        response.body_mut().with_config().limit(MAX_BYTES).read_to_vec().map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => KeySetError::TooLarge(MAX_BYTES),
            other => unreadable(other),
        })?;
    Ok(Fetched::Keys(KeySet::parse(&text)?, None))
}

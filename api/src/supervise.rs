//! Supervises the background tasks, which run as long as the gateway.
//!
//! A task that ends or panics is restarted after a pause that grows. It counts as down until it has run for a while, and the gateway is
//! not ready meanwhile. Tasks of a request or a connection are not supervised: they end with it.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::AbortHandle;

use crate::clock;

/// The times of restarts.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Pause before the first restart; it doubles each time.
    pause: Duration,
    /// The longest of these pauses.
    longest_pause: Duration,
    /// Time after which a restarted task counts as up.
    up_after: Duration,
    /// Time after which the pause is reset.
    forgiven_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(30),
            up_after: Duration::from_secs(1),
            forgiven_after: Duration::from_mins(5),
        }
    }
}

/// The supervised tasks, which end when this is dropped.
#[derive(Default)]
pub struct Supervisor {
    tasks: Mutex<Vec<SupervisedTask>>,
    pace: Pace,
}

/// A supervised task.
struct SupervisedTask {
    health: Arc<Health>,
    running: AbortHandle,
}

/// The state of a task.
#[derive(Debug, Default)]
struct Health {
    name: &'static str,
    is_down: AtomicBool,
    restarts: AtomicU64,
}

impl Supervisor {
    /// Runs a task, and restarts it whenever it ends. `start`: makes the task's future.
    pub fn supervise<F>(&self, name: &'static str, mut start: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let health = Arc::new(Health { name, ..Health::default() });
        let (kept, pace) = (Arc::clone(&health), self.pace);
        let running = tokio::spawn(async move {
            let mut pause = pace.pause;
            loop {
                let started = clock::instant();
                let mut task = std::pin::pin!(caught(name, start()));
                if tokio::time::timeout(pace.up_after, task.as_mut()).await.is_err() {
                    kept.is_down.store(false, Ordering::Release);
                    task.await;
                }
                kept.is_down.store(true, Ordering::Release);
                let restarts = kept.restarts.fetch_add(1, Ordering::Relaxed) + 1;
                if started.elapsed() > pace.forgiven_after {
                    pause = pace.pause;
                }
                tracing::error!(
                    task = name,
                    restarts,
                    ?pause,
                    "a background task has ended; it is started again"
                );
                tokio::time::sleep(pause).await;
                pause = pace.longest_pause.min(pause * 2);
            }
        });
        self.tasks().push(SupervisedTask { health, running: running.abort_handle() });
    }

    /// Returns the name of the first task that is down.
    pub fn down(&self) -> Option<&'static str> {
        let tasks = self.tasks();
        tasks.iter().find(|task| task.health.is_down.load(Ordering::Acquire)).map(|task| task.health.name)
    }

    /// Ends all tasks.
    pub fn stop(&self) {
        for task in self.tasks().drain(..) {
            task.running.abort();
        }
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<SupervisedTask>> {
        // A panic while the lock was held leaves a list that is whole.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns the result of a task, or `None` if it has panicked. The log names the task; standard error has the panic's message.
pub fn caught<T>(name: &'static str, task: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
    // Whatever it shared with others is kept behind locks that survive a panic.
    let ended = AssertUnwindSafe(task).catch_unwind();
    ended.map(move |ended| ended.inspect_err(|_| tracing::error!(task = name, "a task has panicked")).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources;

    const SHORT: Duration = Duration::from_millis(1);
    const FOR_EVER: Duration = Duration::from_hours(24);

    fn paced(pause: Duration, up_after: Duration) -> Supervisor {
        let pace = Pace { pause, longest_pause: pause, up_after, ..Pace::default() };
        Supervisor { pace, tasks: Mutex::default() }
    }

    /// Waits until something holds.
    async fn until(what: &str, holds: impl Fn() -> bool) {
        for _ in 0..2_000 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {what}");
    }

    /// Supervises a task that panics the first time, ends the second and stays the third; returns the number of its starts.
    fn frail(supervisor: &Supervisor) -> Arc<AtomicU64> {
        let runs = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&runs);
        supervisor.supervise("frail", move || {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                match run {
                    0 => panic!("the first time"),
                    1 => {}
                    _ => std::future::pending().await,
                }
            }
        });
        runs
    }

    #[tokio::test]
    async fn a_task_that_panics_or_ends_is_restarted_and_is_up() {
        let supervisor = paced(SHORT, SHORT);
        supervisor.supervise("steady", std::future::pending::<()>);
        let runs = frail(&supervisor);
        until("up", || runs.load(Ordering::Relaxed) == 3 && supervisor.down().is_none()).await;
        supervisor.stop();
    }

    #[tokio::test]
    async fn a_task_is_down_from_its_end_until_it_has_run_for_a_while() {
        // It waits to be started again.
        let supervisor = paced(FOR_EVER, SHORT);
        supervisor.supervise("steady", std::future::pending::<()>);
        assert_eq!(supervisor.down(), None);
        let runs = frail(&supervisor);
        until("down", || supervisor.down() == Some("frail")).await;
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        // It runs, but has not yet for long enough.
        let supervisor = paced(SHORT, FOR_EVER);
        let runs = frail(&supervisor);
        until("running", || runs.load(Ordering::Relaxed) == 3).await;
        assert_eq!(supervisor.down(), Some("frail"));
        supervisor.stop();
        assert_eq!(supervisor.down(), None);
    }

    /// The supervisor keeps every task of the gateway, except those that end with their work. This list says why nobody has to notice
    /// the end of each.
    #[test]
    fn no_task_runs_unwatched() {
        let ends_with_what_it_is_for = [
            ("auth/key_store.rs", 1, "a fetch; its callers wait for its end"),
            ("cli/mod.rs", 1, "the connection of a command"),
            ("cli/serve.rs", 1, "waits for a signal, and does nothing else"),
            ("database/connections.rs", 1, "a cancellation"),
            ("database/embedded/download.rs", 2, "a download that is awaited"),
            ("database/embedded/server.rs", 1, "the connection of the start"),
            ("feed/change_feed.rs", 1, "a group; it tells its subscribers of its end"),
            ("http/connections.rs", 1, "a connection of a client"),
            ("http/operations.rs", 1, "an operation of a client; it sends its end"),
            ("supervise.rs", 1, "keeps the others"),
        ];
        let files = sources::below("");
        let spawns = |line: &str| !line.trim_start().starts_with("//") && line.contains("tokio::spawn(");
        let found = sources::counted(files.iter().filter(|file| !file.is_test()), spawns);
        let known: Vec<_> =
            ends_with_what_it_is_for.iter().map(|(name, count, _)| ((*name).to_owned(), *count)).collect();
        assert_eq!(found, known);
    }
}

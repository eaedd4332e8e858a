//! Runs the compiled binary.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::harness::{Answer, SECRET, eventually, http_client};

/// Returns the secret of the tokens of all tests, as an argument.
pub(crate) fn secret() -> &'static str {
    std::str::from_utf8(SECRET).unwrap()
}

/// Returns the arguments of a gateway over a database.
pub(crate) fn over(url: &str) -> [&str; 6] {
    ["--listen", "127.0.0.1:0", "--jwt-secret", secret(), "--database-url", url]
}

/// Returns a command for the binary, without settings from the environment of the tests.
pub(crate) fn praxis() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_praxis"));
    for (name, _) in std::env::vars_os() {
        if name == "DATABASE_URL" || name.to_string_lossy().starts_with("PRAXIS_") {
            command.env_remove(name);
        }
    }
    command
}

/// Returns a command for a shell script that replaces itself by the binary.
fn within(script: &str) -> Command {
    let praxis = praxis();
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(praxis.get_program());
    for (name, value) in praxis.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// A running `praxis serve`.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
    /// The text that it writes to standard error, available when it ends.
    errors: Option<std::thread::JoinHandle<String>>,
}

impl Served {
    /// Starts it and waits until it prints its address.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        Self::run(praxis(), arguments, None).await
    }

    /// Starts it with this limit of open files.
    pub(crate) async fn start_with_files(most: usize, arguments: &[&str]) -> Self {
        let script = format!("ulimit -Sn 20 && ulimit -Hn {most} && exec \"$0\" \"$@\"");
        Self::run(within(&script), arguments, None).await
    }

    /// Starts it with SIGHUP enabled, even if the tests run under `nohup`.
    pub(crate) async fn start_hearing_hangups(arguments: &[&str]) -> Self {
        // A shell cannot re-enable a signal that was ignored at its start.
        let script = "exec env --default-signal=HUP \"$0\" \"$@\"";
        let command = if cfg!(target_os = "linux") { within(script) } else { praxis() };
        Self::run(command, arguments, None).await
    }

    /// Starts it with SIGHUP ignored, as under `nohup`.
    pub(crate) async fn start_ignoring_hangups(arguments: &[&str]) -> Self {
        Self::run(within("trap '' HUP && exec \"$0\" \"$@\""), arguments, None).await
    }

    /// Starts it with its log in this file.
    pub(crate) async fn logging(arguments: &[&str], log: File) -> Self {
        Self::run(praxis(), arguments, Some(log)).await
    }

    async fn run(mut command: Command, arguments: &[&str], log: Option<File>) -> Self {
        command
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.map_or_else(Stdio::piped, Stdio::from));
        tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let errors = child.stderr.take();
            let errors = std::thread::spawn(move || {
                let mut text = String::new();
                if let Some(mut errors) = errors {
                    errors.read_to_string(&mut text).unwrap();
                }
                text
            });
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let address = lines.find_map(|line| {
                let line = line.unwrap();
                Some(line.split_once("http://")?.1.split_once('/')?.0.to_owned())
            });
            // Further output is discarded, so that it cannot block.
            std::thread::spawn(move || lines.for_each(drop));
            match address {
                Some(address) => Self { child, address, errors: Some(errors) },
                None => panic!("no address; {}", errors.join().unwrap()),
            }
        })
        .await
        .unwrap()
    }

    pub(crate) async fn ask(&self, token: Option<&str>, query: &str) -> Answer {
        let mut request = http_client().post(format!("http://{}/graphql", self.address));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Answer::read(request.json(&json!({ "query": query })).send().await.unwrap()).await
    }

    /// Returns the largest memory that the process has used, in MB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the process ends", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }
}

impl Served {
    /// Returns the text that it wrote to standard error, after it has ended.
    pub(crate) async fn said(&mut self) -> String {
        self.ended().await;
        self.errors.take().unwrap().join().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // After a failed test: it stops its Postgres as well.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal(Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

//! Drops the databases of a test once the test has ended. Those of all tests together take 16 GB.

use std::cell::RefCell;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::cluster::{Cluster, program};

thread_local! {
    /// The databases of the test that runs in this thread: each test has a thread of its own, which ends with it.
    static OWN: RefCell<Own> = const { RefCell::new(Own(Vec::new())) };
}

/// Where databases are sent that are to be dropped, one after another, while other tests run.
static DROPPED: LazyLock<Sender<Database>> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    thread::spawn(move || receiver.iter().for_each(|database: Database| database.drop_now()));
    sender
});

struct Own(Vec<Database>);

struct Database {
    cluster: &'static Cluster,
    name: String,
}

/// Has a database dropped when the test of this thread ends.
pub(crate) fn drop_with_test(cluster: &'static Cluster, name: &str) {
    // Before the thread ends: what runs then should start nothing but the sending.
    LazyLock::force(&DROPPED);
    OWN.with_borrow_mut(|own| own.0.push(Database { cluster, name: name.to_owned() }));
}

impl Drop for Own {
    fn drop(&mut self) {
        for database in self.0.drain(..) {
            let _ = DROPPED.send(database);
        }
    }
}

impl Database {
    /// Drops the database. If that fails it stays until the server ends: a replication slot may hold it.
    fn drop_now(&self) {
        let mut dropdb = Command::new(program("dropdb"));
        dropdb
            .args(["--force", "--if-exists", "--username=postgres", "--host"])
            .arg(self.cluster.folder())
            .arg(&self.name);
        let _ = dropdb.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

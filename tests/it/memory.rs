//! The memory of a gateway to which anonymous callers send large documents.

use crate::binary::{Served, over};
use crate::harness::{clone_database, database_url};

#[tokio::test]
async fn documents_are_kept_up_to_a_number_of_bytes() {
    const KEPT: u64 = 8;
    let database = clone_database().await;
    let url = database_url("praxis_gateway", &database);
    let kept = (KEPT * 1024 * 1024).to_string();
    let served = Served::start(&[&over(&url)[..], &["--kept-documents", &kept]].concat()).await;
    // Each document takes more than half a megabyte once it is parsed: a hundred megabytes together.
    let ask = async |number: usize| {
        let query = format!("{{ n{number}: __typename {} }}", "__typename ".repeat(2_400));
        served.ask(None, &query).await.data();
    };
    for number in 0..20 {
        ask(number).await;
    }
    let before = served.peak_memory();
    for number in 20..200 {
        ask(number).await;
    }
    let grown = served.peak_memory() - before;
    assert!(grown < 4 * KEPT, "{grown} MB more");
}

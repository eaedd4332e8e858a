//! `praxis`: the command line, and nothing else.

use std::process::ExitCode;

/// A request is some hundred small allocations; with the system's allocator they took a fifth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads that work at least. More than there are processors: where some callers' requests keep a thread busy, the system
/// gives the others their time.
const THREADS: usize = 16;

fn main() -> ExitCode {
    let command = praxis::cli::parse();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.worker_threads(processors.max(THREADS)).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return praxis::cli::report(&error),
    };
    match runtime.block_on(command.run()) {
        Ok(code) => code,
        Err(error) => praxis::cli::report(error.as_ref()),
    }
}

//! Runs the command line of `praxis`.

use std::process::ExitCode;

/// The allocator. A request makes some hundred small allocations, which took a fifth of its time with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The least number of worker threads. There are more than processors, so that the system shares the time if some callers'
/// requests keep a thread busy.
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

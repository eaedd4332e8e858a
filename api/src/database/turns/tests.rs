use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures_util::FutureExt as _;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::timeout;

use super::*;

fn person(number: u32) -> Share {
    Share::of_address(IpAddr::V4(Ipv4Addr::from_bits(number)))
}

impl Turns {
    fn is_at_rest(&self, most: usize) -> bool {
        let queue = self.queue();
        queue.free == most && queue.shares.is_empty() && queue.round.is_empty()
    }
}

/// The next action of the test.
#[derive(Clone, Debug)]
enum Step {
    Ask(u32),
    /// One of the waiters gives up.
    GiveUp(usize),
    /// One of the turns ends.
    End(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u32..5).prop_map(Step::Ask),
        1 => any::<usize>().prop_map(Step::GiveUp),
        2 => any::<usize>().prop_map(Step::End),
    ]
}

/// A request in the test's model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    of: u32,
    number: u64,
    /// Turns of others since it became the first waiter of its share.
    passed: usize,
}

proptest! {
    #[test]
    fn shares_are_kept_nobody_starves_and_nothing_is_left(
        most in 1_usize..6, each in 1_usize..4, longest in 0_usize..6, steps in vec(step(), 0..200)
    ) {
        let mut queue: Queue<u64> = Queue::new(most, each, longest);
        let (mut running, mut waiting): (Vec<u32>, Vec<Asked>) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Ask(of) => {
                    if queue.take(person(of)) {
                        running.push(of);
                    } else if let Some(number) = queue.wait(person(of), queue.last + 1) {
                        waiting.push(Asked { of, number, passed: 0 });
                    } else {
                        prop_assert_eq!(waiting.iter().filter(|asked| asked.of == of).count(), longest);
                    }
                }
                Step::GiveUp(which) if !waiting.is_empty() => {
                    let asked = waiting.remove(which % waiting.len());
                    prop_assert!(queue.leave(person(asked.of), asked.number));
                    prop_assert!(!queue.leave(person(asked.of), asked.number));
                }
                Step::End(which) if !running.is_empty() => {
                    queue.end(person(running.swap_remove(which % running.len())));
                    while let Some(number) = queue.next() {
                        let at = waiting.iter().position(|asked| asked.number == number);
                        let asked = waiting.remove(at.expect("one who waits"));
                        // First come, first served, among the requests of one share.
                        prop_assert!(waiting.iter().all(|it| it.of != asked.of || it.number > number));
                        // Every other share has had at most one turn since this one could have had one.
                        prop_assert!(asked.passed <= 5, "{asked:?}");
                        running.push(asked.of);
                        for of in 0..5 {
                            let may = running.iter().filter(|it| **it == of).count() < each;
                            if let Some(first) = waiting.iter_mut().find(|it| it.of == of) && may {
                                first.passed += 1;
                            }
                        }
                    }
                }
                Step::GiveUp(_) | Step::End(_) => {}
            }
            let of = |person: u32| running.iter().filter(|it| **it == person).count();
            prop_assert!(running.len() <= most);
            prop_assert!((0..5).all(|person| of(person) <= each));
            // No turn is free while a waiter could have it.
            prop_assert!(running.len() == most || waiting.iter().all(|asked| of(asked.of) == each));
        }
        for asked in waiting {
            queue.leave(person(asked.of), asked.number);
        }
        for of in running {
            queue.end(person(of));
        }
        prop_assert!(queue.free == most && queue.shares.is_empty() && queue.round.is_empty());
    }
}

#[tokio::test]
async fn many_requests_of_one_share_leave_turns_to_others() {
    let turns = Turns::new(4, 2, 100);
    let _first = turns.take(person(1)).await;
    let second = turns.take(person(1)).await;
    let mut more: Vec<_> = (0..50).map(|_| Box::pin(turns.take(person(1)))).collect();
    assert!(more.iter_mut().all(|turn| turn.as_mut().now_or_never().is_none()));
    let others = [turns.take(person(2)).await, turns.take(person(3)).await];
    assert!(others.iter().all(Result::is_ok));
    // All are taken. The next free one goes to the first of the round, and then to the other.
    let mut late = Box::pin(turns.take(person(4)));
    assert!(late.as_mut().now_or_never().is_none());
    drop(second);
    assert!(more[0].as_mut().now_or_never().is_none() || late.as_mut().now_or_never().is_none());
    drop(others);
    assert!(late.as_mut().now_or_never().is_some());
}

#[tokio::test]
async fn a_queue_has_an_end() {
    let turns = Turns::new(1, 1, 1);
    let turn = turns.take(person(1)).await;
    let mut waiting = Box::pin(turns.take(person(1)));
    assert!(waiting.as_mut().now_or_never().is_none());
    assert_eq!(turns.take(person(1)).await.err(), Some(NoTurn));
    drop(turn);
    assert!(waiting.await.is_ok());
    assert!(turns.is_at_rest(1));
}

#[tokio::test]
async fn a_cancelled_waiter_leaves_no_trace() {
    let turns = Turns::new(1, 1, 10);
    let turn = turns.take(person(1)).await;
    let mut gone = Box::pin(turns.take(person(2)));
    let mut granted = Box::pin(turns.take(person(3)));
    assert!(gone.as_mut().now_or_never().is_none() && granted.as_mut().now_or_never().is_none());
    drop(gone);
    // Its turn comes, but is not taken.
    drop(turn);
    drop(granted);
    assert!(turns.is_at_rest(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn turns_are_neither_lost_nor_doubled_when_everything_happens_at_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (turns, running) = (Turns::new(3, 2, 50), Arc::new(AtomicUsize::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..400_u32 {
        let (turns, running) = (turns.clone(), Arc::clone(&running));
        tasks.spawn(async move {
            let patience = Duration::from_micros(u64::from(number % 7) * 50);
            let of = person(number % 5);
            if let Ok(Ok(_turn)) = timeout(patience, turns.take(of)).await {
                assert!(running.fetch_add(1, Ordering::SeqCst) < 3);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
            }
        });
    }
    assert!(tasks.join_all().await.len() == 400);
    assert!(turns.is_at_rest(3));
}

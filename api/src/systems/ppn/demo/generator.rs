//! Numbers that look random and are the same on every machine.

/// `SplitMix64`. Only integer arithmetic and the four operations on floats are used: they give the same result
/// everywhere, which a logarithm does not.
pub(super) struct Generator(u64);

impl Generator {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let [_, _, _, _, bytes @ ..] = (z ^ (z >> 31)).to_le_bytes();
        u32::from_le_bytes(bytes)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        let span = i64::from(high) - i64::from(low) + 1;
        let offset = i64::from(self.next()) % span;
        i32::try_from(i64::from(low) + offset).unwrap_or(low)
    }

    /// From `low` up to `high`.
    pub(super) fn real(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.next()) / f64::from(u32::MAX)
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: i32) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of several; there must be one.
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let last = i32::try_from(of.len()).unwrap_or(i32::MAX) - 1;
        let index = usize::try_from(self.between(0, last)).unwrap_or(0);
        of[index]
    }

    /// Several, each once, in their order.
    pub(super) fn some<'a, T>(&mut self, of: &'a [T], count: usize) -> Vec<&'a T> {
        let mut left: Vec<usize> = (0..of.len()).collect();
        let mut chosen = Vec::new();
        while chosen.len() < count && !left.is_empty() {
            let index = self.pick(&left);
            left.retain(|it| *it != index);
            chosen.push(index);
        }
        chosen.sort_unstable();
        chosen.into_iter().map(|index| &of[index]).collect()
    }
}

//! Generates pseudorandom numbers that are the same every time.

/// `SplitMix64`: the generator of a library could change in a new version, and every row with it.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// Returns a generator for a topic and the number of an object in it.
    pub(super) fn new(topic: u64, number: u64) -> Self {
        let mut random = Self((topic << 48) ^ number);
        random.next();
        random
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 32) as u32
    }

    fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(limit)) >> 32) as u32
    }

    /// Returns an integer; both ends are possible.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        low.saturating_add_unsigned(self.below(high.max(low).abs_diff(low).saturating_add(1)))
    }

    /// Returns a number from 0 up to 1.
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.next()) / (f64::from(u32::MAX) + 1.0)
    }

    /// Returns a number around zero, mostly near it, never further away than `width`.
    pub(super) fn noise(&mut self, width: f64) -> f64 {
        (self.unit() + self.unit() - 1.0) * width
    }

    /// Returns true with this probability.
    pub(super) fn chance(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// Returns one of several values; the default if there is none.
    pub(super) fn pick<T: Copy + Default>(&mut self, things: &[T]) -> T {
        let place = self.below(u32::try_from(things.len()).unwrap_or(u32::MAX)) as usize;
        things.get(place).copied().unwrap_or_default()
    }

    /// Returns one of several values by their weights; the last if the weights are used up.
    pub(super) fn weighted<T: Copy + Default>(&mut self, things: &[(T, u32)]) -> T {
        let mut left = self.below(things.iter().map(|(_, weight)| weight).sum());
        for (thing, weight) in things {
            if left < *weight {
                return *thing;
            }
            left -= weight;
        }
        T::default()
    }
}

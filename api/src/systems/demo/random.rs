//! Generates pseudo-random numbers, which are the same every time.

/// The generator `SplitMix64`. The demo data needs nothing better, and another version of a library would change every row.
#[derive(Debug)]
pub(in crate::systems) struct Random(u64);

impl Random {
    /// Returns a generator for a topic and the number of an object in it, so that more rows of one object leave the others unchanged.
    pub(in crate::systems) fn new(topic: u64, number: usize) -> Self {
        let mut random = Self((topic << 32) ^ number as u64);
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

    /// Returns a whole number from `low` to `high`, both included; `low` if `high` is smaller.
    pub(in crate::systems) fn between(&mut self, low: i32, high: i32) -> i32 {
        low.saturating_add_unsigned(self.below(high.max(low).abs_diff(low).saturating_add(1)))
    }

    /// Returns a number from 0 to below 1.
    pub(in crate::systems) fn unit(&mut self) -> f64 {
        f64::from(self.next()) / (f64::from(u32::MAX) + 1.0)
    }

    /// Returns a number between two others.
    pub(in crate::systems) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Returns a number around zero, mostly near it, and at most `width` away.
    pub(in crate::systems) fn noise(&mut self, width: f64) -> f64 {
        (self.unit() + self.unit() - 1.0) * width
    }

    /// Returns true with this probability.
    pub(in crate::systems) fn chance(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// Returns one of several objects, of which there is at least one.
    pub(in crate::systems) fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.index(things.len())]
    }

    /// Returns `count` of several objects, in their order and each at most once.
    pub(in crate::systems) fn some<T: Copy>(&mut self, things: &[T], count: usize) -> Vec<T> {
        let mut places: Vec<usize> = (0..things.len()).collect();
        while places.len() > count {
            places.remove(self.index(places.len()));
        }
        places.into_iter().map(|place| things[place]).collect()
    }

    fn index(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).unwrap_or(u32::MAX)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_every_time_and_stay_within_their_bounds() {
        let numbers = || {
            let mut random = Random::new(1, 2);
            (0..1000).map(|_| random.between(-3, 4)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(), numbers());
        assert!((-3..=4).all(|wanted| numbers().contains(&wanted)));
        assert!(numbers().iter().all(|number| (-3..=4).contains(number)));
        assert_eq!(Random::new(1, 2).between(5, 5), 5);
        assert_eq!(Random::new(1, 2).some(&[1, 2, 3, 4], 2).len(), 2);
    }
}

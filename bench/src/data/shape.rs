//! Determines the amount of data, and the keys of the rows.

/// Sites of the network, at every scale.
pub(crate) const SITES: i64 = 100;
/// Protocols of a site at scale 1.
const PROTOCOLS: f64 = 500.0;
/// Events of a protocol on average, and the largest deviation.
const EVENTS: (i64, i32) = (20, 12);
/// Scores of a protocol on average, and the largest deviation.
const SCORES: (i64, i32) = (8, 6);
/// Answers to questionnaires of a protocol.
const RESPONSES: i64 = 4;
/// Homework items of a protocol.
const HOMEWORK: i64 = 3;

/// The size of the data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Protocols of each site; even, so that the numbers of events have the right average.
    pub(super) protocols: i64,
}

impl Shape {
    /// Returns the shape at a scale: at 1 there are 50,000 protocols.
    #[expect(clippy::cast_possible_truncation, reason = "the command line bounds the scale")]
    pub(crate) fn of_scale(scale: f64) -> Self {
        Self { protocols: ((PROTOCOLS * scale / 2.0).round() as i64).max(10) * 2 }
    }

    /// Returns the number of rows of a site in the tables that grow.
    pub(super) fn rows_of_site(self) -> u64 {
        let of_protocol = 1 + EVENTS.0 + SCORES.0 + RESPONSES + HOMEWORK;
        (self.protocols * of_protocol).unsigned_abs()
    }

    /// Returns the key of a site's protocol: sites take turns, as they would over the years.
    pub(super) fn protocol(number: i64, site: i64) -> i64 {
        number * SITES + site
    }

    pub(super) fn first_event(self, site: i64) -> i64 {
        (site - 1) * self.protocols * EVENTS.0 + 1
    }

    pub(super) fn first_score(self, site: i64) -> i64 {
        (site - 1) * self.protocols * SCORES.0 + 1
    }

    pub(super) fn first_response(self, site: i64) -> i64 {
        (site - 1) * self.protocols * RESPONSES + 1
    }

    pub(super) fn first_homework(self, site: i64) -> i64 {
        (site - 1) * self.protocols * HOMEWORK + 1
    }
}

/// The number of rows of a protocol. Two neighbours together have twice the average.
pub(super) struct Around {
    average: i64,
    width: i32,
    other: Option<i64>,
}

impl Around {
    pub(super) fn events() -> Self {
        Self { average: EVENTS.0, width: EVENTS.1, other: None }
    }

    pub(super) fn scores() -> Self {
        Self { average: SCORES.0, width: SCORES.1, other: None }
    }

    pub(super) fn next(&mut self, random: &mut super::random::Random) -> i64 {
        if let Some(other) = self.other.take() {
            return other;
        }
        let away = i64::from(random.between(-self.width, self.width));
        self.other = Some(self.average - away);
        self.average + away
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    #[test]
    fn scale_one_has_the_promised_rows() {
        let shape = Shape::of_scale(1.0);
        assert_eq!(shape.protocols * SITES, 50_000);
        assert_eq!(shape.first_event(SITES + 1) - 1, 1_000_000);
        assert_eq!(shape.first_score(SITES + 1) - 1, 400_000);
    }

    #[test]
    fn rows_around_an_average_add_up_to_it() {
        let (mut around, mut random) = (Around::events(), Random::new(1, 1));
        let counts: Vec<i64> = (0..100).map(|_| around.next(&mut random)).collect();
        assert_eq!(counts.iter().sum::<i64>(), 2_000);
        assert!(counts.iter().all(|count| (8..=32).contains(count)));
        assert!(counts.iter().any(|count| *count != 20));
    }
}

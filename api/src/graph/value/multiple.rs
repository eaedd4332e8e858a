//! Computes exact multiples of a decimal, in Postgres's binary format of `numeric`.

use bytes::{Buf, BufMut};

use super::numeric::{BASE, NEGATIVE, shortest};

/// A number as groups of four decimal digits, the last group first, with the position of the last group.
struct Decimal {
    negative: bool,
    groups: Vec<u64>,
    /// The position of the last group; -1 is the first after the point.
    place: i32,
}

/// Returns a decimal multiplied by a whole number, and by the next greater one; `None` for a value that is not a number.
pub(in crate::graph) fn multiples(number: &[u8], decimal: &[u8]) -> Option<[Vec<u8>; 2]> {
    let (number, decimal) = (Decimal::read(number)?.whole()?, Decimal::read(decimal)?);
    let next = number.next();
    Some([number.times(&decimal).write()?, next.times(&decimal).write()?])
}

impl Decimal {
    fn read(mut bytes: &[u8]) -> Option<Self> {
        let (count, weight) = (bytes.try_get_u16().ok()?, bytes.try_get_i16().ok()?);
        let (sign, _scale) = (bytes.try_get_u16().ok()?, bytes.try_get_u16().ok()?);
        let negative = sign == NEGATIVE;
        if sign != 0 && !negative {
            return None;
        }
        let groups = (0..count).map(|_| bytes.try_get_u16().ok().map(u64::from));
        let mut groups = groups.collect::<Option<Vec<_>>>()?;
        groups.reverse();
        Some(Self { negative, groups, place: i32::from(weight) + 1 - i32::from(count) })
    }

    /// Returns the same number with a last group before the point; `None` if it has digits after the point.
    fn whole(mut self) -> Option<Self> {
        let zeros = usize::try_from(self.place).ok().or_else(|| self.groups.is_empty().then_some(0))?;
        self.groups.splice(0..0, std::iter::repeat_n(0, zeros));
        self.place = 0;
        Some(self)
    }

    /// Returns the next greater whole number.
    fn next(&self) -> Self {
        let mut groups = self.groups.clone();
        let (from, to) = if self.negative { (0, BASE - 1) } else { (BASE - 1, 0) };
        let full = groups.iter().take_while(|group| **group == from).count();
        groups[..full].fill(to);
        match groups.get_mut(full) {
            Some(group) if self.negative => *group -= 1,
            Some(group) => *group += 1,
            None => groups.push(1),
        }
        Self { negative: self.negative, groups, place: 0 }
    }

    fn times(&self, other: &Self) -> Self {
        let mut groups = vec![0; self.groups.len() + other.groups.len()];
        for (at, one) in self.groups.iter().enumerate() {
            let mut carried = 0;
            for (group, other) in groups[at..].iter_mut().zip(other.groups.iter().chain([&0])) {
                let sum = *group + one * other + carried;
                (*group, carried) = (sum % BASE, sum / BASE);
            }
        }
        Self { negative: self.negative != other.negative, groups, place: self.place + other.place }
    }

    /// Writes the number without leading and trailing zeros.
    fn write(mut self) -> Option<Vec<u8>> {
        let last = self.groups.iter().take_while(|group| **group == 0).count();
        self.groups.drain(..last);
        self.place += i32::try_from(last).ok()?;
        while self.groups.last() == Some(&0) {
            self.groups.pop();
        }
        let count = i32::try_from(self.groups.len()).ok()?;
        let is_zero = count == 0;
        let mut bytes = Vec::with_capacity(8 + self.groups.len() * 2);
        bytes.put_u16(u16::try_from(count).ok()?);
        bytes.put_i16(if is_zero { 0 } else { i16::try_from(self.place + count - 1).ok()? });
        bytes.put_u16(if self.negative && !is_zero { NEGATIVE } else { 0 });
        bytes.put_u16(u16::try_from((-self.place).max(0) * 4).ok().filter(|_| !is_zero).unwrap_or(0));
        for group in self.groups.iter().rev() {
            bytes.put_u16(u16::try_from(*group).ok()?);
        }
        Some(shortest(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::numeric;
    use super::*;

    fn multiplied(number: &str, width: &str) -> [String; 2] {
        let [number, width] = [number, width].map(|text| numeric::parse_whole(text).unwrap());
        multiples(&number, &width).unwrap().map(|bytes| {
            let mut out = Vec::new();
            assert!(numeric::write(&bytes, &mut out));
            String::from_utf8(out).unwrap()
        })
    }

    #[test]
    fn multiples_have_every_digit() {
        for (number, width, expected) in [
            ("0", "0.1", ["0", "0.1"]),
            ("28", "0.1", ["2.8", "2.9"]),
            ("-1", "50", ["-50", "0"]),
            ("-10000", "0.5", ["-5000", "-4999.5"]),
            ("9", "0.30000000000000004", ["2.70000000000000036", "3.0000000000000004"]),
            ("9999", "10000", ["99990000", "100000000"]),
            ("99999999", "0.000001", ["99.999999", "100"]),
            ("20000", "50", ["1000000", "1000050"]),
        ] {
            assert_eq!(multiplied(number, width), expected, "{number} times {width}");
        }
    }

    #[test]
    fn only_whole_numbers_have_multiples() {
        let width = numeric::parse("0.1").unwrap();
        for bytes in [numeric::parse("0.5").unwrap(), numeric::special("NaN").unwrap(), vec![], vec![0, 9]] {
            assert_eq!(multiples(&bytes, &width), None);
        }
    }

    proptest! {
        #[test]
        fn they_are_those_of_whole_numbers(number in -10_i128.pow(18)..10_i128.pow(18), width in 1..10_i128.pow(18), places in 0..20_usize) {
            let plain = |product: i128| {
                let digits = format!("{:0>1$}", product.unsigned_abs(), places + 1);
                let (whole, fraction) = digits.split_at(digits.len() - places);
                let text = format!("{whole}.{fraction}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                if product < 0 { format!("-{text}") } else { text.to_owned() }
            };
            let actual = multiplied(&number.to_string(), &format!("{width}e-{places}"));
            prop_assert_eq!(actual, [plain(number * width), plain((number + 1) * width)]);
        }

        #[test]
        fn no_bytes_panic(number: Vec<u8>, width: Vec<u8>) {
            let _ = multiples(&number, &width);
        }
    }
}

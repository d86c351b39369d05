//! Days as people type them into a form: `31/12/2026` or `2026-12-31`, in the zone of the house.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use names::Timestamp;

/// Not a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoDate;

/// The midnight a day begins with; none when nothing is written.
pub fn first_moment(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, NoDate> {
    read(text)?.map(|date| midnight(date, zone)).transpose()
}

/// The midnight after a day, which so counts whole; none when nothing is written.
pub fn last_moment(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, NoDate> {
    read(text)?.map(|date| midnight(date.tomorrow().map_err(|_| NoDate)?, zone)).transpose()
}

fn midnight(date: Date, zone: &TimeZone) -> Result<Timestamp, NoDate> {
    let midnight = date.to_zoned(zone.clone()).map_err(|_| NoDate)?;
    Ok(Timestamp(midnight.timestamp().as_millisecond()))
}

fn read(text: &str) -> Result<Option<Date>, NoDate> {
    if text.is_empty() {
        return Ok(None);
    }
    let parts: Vec<&str> = text.split(['/', '-', '.', ' ']).collect();
    let number = |part: &str| part.parse::<i16>().map_err(|_| NoDate);
    let [year, month, day] = match parts[..] {
        [year, month, day] if year.len() == 4 => [number(year)?, number(month)?, number(day)?],
        [day, month, year] if year.len() == 4 => [number(year)?, number(month)?, number(day)?],
        _ => return Err(NoDate),
    };
    let small = |part: i16| i8::try_from(part).map_err(|_| NoDate);
    Date::new(year, small(month)?, small(day)?).map(Some).map_err(|_| NoDate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_counts_whole_in_the_zone_of_the_house() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let midnight = Ok(Some(Timestamp(1_798_758_000_000)));
        for (text, want) in [
            ("31/12/2026", midnight),
            ("2026-12-31", midnight),
            ("31.12.2026", midnight),
            ("", Ok(None)),
            ("31/02/2026", Err(NoDate)),
            ("31/12/26", Err(NoDate)),
            ("demain", Err(NoDate)),
            ("31/12", Err(NoDate)),
            ("9999-12-31", Err(NoDate)),
            ("1/1/2026/1", Err(NoDate)),
        ] {
            assert_eq!(last_moment(text, &paris), want, "{text}");
        }
        assert_eq!(first_moment("01/01/2027", &paris), midnight);
        assert_eq!(first_moment("", &paris), Ok(None));
    }
}

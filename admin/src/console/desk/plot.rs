//! Plots as pictures inside the page, drawn here: no script, no style of their own, no letter in them. What
//! they show stands in a table beside, which is what a screen reader reads.

/// Units of the picture; the page scales it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
/// Part of a bar's place that stays empty.
const GAP: f64 = 0.25;
/// Lines behind the bars.
const LINES: usize = 4;
/// Series that the style sheet has colours for.
pub(crate) const SERIES: usize = 3;

/// A plot of stacked bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// What is shown.
    pub title: String,
    /// The same for who does not see it: the highest and where.
    pub summary: String,
    /// What each colour means, with its class; one alone needs no legend.
    pub legend: Vec<(&'static str, String)>,
    /// The bars.
    pub bars: Vec<Bar>,
    /// Heights of the lines behind them.
    pub lines: Vec<String>,
    /// `0 0 width height`.
    pub view: String,
}

/// A rectangle, in units of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its class: its colour.
    pub class: &'static str,
    /// From the left.
    pub x: String,
    /// From the top.
    pub y: String,
    /// Its width.
    pub width: String,
    /// Its height.
    pub height: String,
}

/// The classes of the series.
pub(crate) const CLASSES: [&str; SERIES] = ["serie-1", "serie-2", "serie-3"];

/// Bars of these points, each the counts of the series from the bottom up. None when all is zero.
pub(crate) fn stacked(
    title: String,
    series: &[&str],
    points: &[(String, Vec<i64>)],
    summary: impl FnOnce(&str, i64) -> String,
) -> Option<Plot> {
    let sums = points.iter().map(|(label, counts)| (label, counts.iter().sum::<i64>()));
    let (label, most) = sums.max_by_key(|(_, sum)| *sum).filter(|(_, most)| *most > 0)?;
    let top = round_up(most) as f64;
    let place = WIDTH / points.len() as f64;
    let mut bars = Vec::new();
    for (number, (_, counts)) in points.iter().enumerate() {
        let mut below = 0.0;
        for (class, count) in CLASSES.into_iter().zip(counts) {
            let height = *count as f64 / top * HEIGHT;
            if *count > 0 {
                bars.push(Bar {
                    class,
                    x: units(number as f64 * place + place * GAP / 2.0),
                    y: units(HEIGHT - below - height),
                    width: units(place * (1.0 - GAP)),
                    height: units(height),
                });
            }
            below += height;
        }
    }
    let lines = (0..=LINES).map(|line| units(HEIGHT * line as f64 / LINES as f64)).collect();
    let names = CLASSES.into_iter().zip(series.iter().map(|name| (*name).to_owned()));
    let legend = if series.len() > 1 { names.collect() } else { Vec::new() };
    let view = format!("0 0 {} {}", units(WIDTH), units(HEIGHT));
    Some(Plot { title, summary: summary(label, most), legend, bars, lines, view })
}

/// The next number that is easy to read: 1, 2 or 5 times a power of ten.
fn round_up(most: i64) -> i64 {
    let mut step = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            if step.saturating_mul(factor) >= most {
                return step.saturating_mul(factor);
            }
        }
        step = step.saturating_mul(10);
    }
}

fn units(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(counts: &[&[i64]]) -> Vec<(String, Vec<i64>)> {
        counts.iter().enumerate().map(|(day, counts)| (day.to_string(), counts.to_vec())).collect()
    }

    #[test]
    fn bars_stand_on_each_other_and_stay_inside() {
        let told = |label: &str, most: i64| format!("{label}: {most}");
        let plot =
            stacked("t".to_owned(), &["a", "b"], &points(&[&[3, 4], &[0, 0], &[10, 0]]), told).unwrap();
        assert_eq!((plot.summary.as_str(), plot.legend.len(), plot.bars.len()), ("2: 10", 2, 3));
        let [below, above, whole] = &plot.bars[..] else { panic!("{:?}", plot.bars) };
        let number = |text: &str| text.parse::<f64>().unwrap();
        assert_eq!(number(&above.y) + number(&above.height), number(&below.y));
        assert_eq!((whole.y.as_str(), whole.height.as_str()), ("0", "180"));
        assert!(plot.bars.iter().all(|bar| number(&bar.x) + number(&bar.width) <= WIDTH));
    }

    #[test]
    fn nothing_is_no_plot_and_heights_are_round() {
        assert_eq!(stacked(String::new(), &["a"], &points(&[&[0], &[0]]), |_, _| String::new()), None);
        assert_eq!(stacked(String::new(), &["a"], &[], |_, _| String::new()), None);
        for (most, top) in [(1, 1), (3, 5), (10, 10), (11, 20), (99, 100), (501, 1_000)] {
            assert_eq!(round_up(most), top);
        }
        assert!(round_up(i64::MAX) > 0, "it ends");
    }
}

//! Mail in, mail out, rules applied, alerts

# How statistics/fixtures.json was made: Rscript controller/analysis/statistics/fixtures.R. The tests read the file and need no R.
# R 4.2.2 (Debian 12). The groups are figures as repeats of a run give them: IOPS in thousands, and latencies in microseconds.
groups <- list(
  iscsi = c(101.2, 99.8, 100.4, 102.9, 98.7, 100.9, 101.8, 99.1),
  iser = c(143.1, 139.9, 141.4, 146.2, 138.8, 142.0, 140.6, 144.4),
  alike = c(100.1, 101.5, 99.4, 102.2, 98.9, 101.1),
  few = c(97.3, 104.4, 100.2, 103.8),
  odd = c(812, 806, 829, 801, 1440, 815, 809),
  rising = c(50.1, 50.6, 51.9, 52.2, 53.8, 54.1, 55.7, 55.2, 57.3))
text <- function(x) format(x, digits = 12)
list_of <- function(x) paste0("[", paste(sapply(x, text), collapse = ", "), "]")
ratio <- function(a, b) {
  w <- wilcox.test(log(groups[[b]]), log(groups[[a]]), exact = TRUE, conf.int = TRUE, conf.level = 0.95)
  sprintf('{ "base": "%s", "other": "%s", "value": %s, "low": %s, "high": %s }',
    a, b, text(exp(unname(w$estimate))), text(exp(w$conf.int[1])), text(exp(w$conf.int[2])))
}
one <- function(name) {
  x <- groups[[name]]
  k <- cor.test(seq_along(x), x, method = "kendall", exact = TRUE)
  pairs <- combn(length(x), 2)
  slopes <- (x[pairs[2, ]] - x[pairs[1, ]]) / (pairs[2, ] - pairs[1, ])
  sprintf('{ "name": "%s", "values": %s, "median": %s, "variation": %s, "scores": %s, "trendP": %s, "slope": %s }',
    name, list_of(x), text(median(x)), text(sd(x) / mean(x)),
    list_of((x - median(x)) / (mad(x, constant = 1) / 0.6745)), text(k$p.value), text(median(slopes)))
}
quantiles <- function(p, df) sprintf('{ "p": %s, "df": %s, "t": %s }', p, df, text(qt(p, df)))
ranks <- function(m, n) sprintf('{ "m": %d, "n": %d, "k": %d, "below": %s }', m, n, as.integer(qwilcox(0.025, m, n)),
  text(if (qwilcox(0.025, m, n) == 0) 0 else pwilcox(qwilcox(0.025, m, n) - 1, m, n)))
medians <- function(n) sprintf('{ "n": %d, "rank": %d, "confidence": %s }', n, as.integer(qbinom(0.025, n, 0.5)),
  text(1 - 2 * pbinom(qbinom(0.025, n, 0.5) - 1, n, 0.5)))
power <- function(d) sprintf('{ "difference": %s, "each": %s }', d, text(power.t.test(delta = d, sd = 1, power = 0.8)$n))
join <- function(x) paste(x, collapse = ",\n    ")
cat(sprintf('{
  "groups": [
    %s
  ],
  "ratios": [
    %s
  ],
  "quantiles": [
    %s
  ],
  "normal": [
    %s
  ],
  "ranks": [
    %s
  ],
  "medians": [
    %s
  ],
  "power": [
    %s
  ]
}
', join(sapply(names(groups), one)),
  join(c(ratio("iscsi", "iser"), ratio("iscsi", "alike"), ratio("few", "iser"), ratio("alike", "few"))),
  join(c(quantiles(0.975, 1), quantiles(0.975, 2), quantiles(0.975, 6), quantiles(0.8, 6), quantiles(0.975, 10),
    quantiles(0.8, 38), quantiles(0.01, 4), quantiles(0.975, 200))),
  join(sapply(c(0.001, 0.025, 0.5, 0.8, 0.975, 0.9999), function(p) sprintf('{ "p": %s, "z": %s }', p, text(qnorm(p))))),
  join(mapply(ranks, c(2, 3, 3, 4, 4, 5, 6, 8, 10, 20, 30, 50), c(8, 3, 5, 4, 6, 5, 6, 8, 10, 20, 12, 50))),
  join(sapply(c(6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 100, 1000), medians)),
  join(sapply(c(0.5, 1, 2), power))), file = "controller/analysis/statistics/fixtures.json")

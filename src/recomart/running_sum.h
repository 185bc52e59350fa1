/* Sums of doubles from first to last, with Kahan's compensation (Comm. ACM 8, 1965): what pandas
 * does for the means of groups, so that ours have the same digits. Starts at all-zero. Never
 * compile it with -ffast-math. */
#pragma once

struct running_sum {
    double total;
    double lost; /* what the last additions rounded away */
};

static inline void running_sum_add(struct running_sum *sum, double value)
{
    const double corrected = value - sum->lost;
    const double total = sum->total + corrected;
    sum->lost = (total - sum->total) - corrected;
    sum->total = total;
}

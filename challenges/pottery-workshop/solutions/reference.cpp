#include <algorithm>
#include <vector>

using namespace std;

long long finished(const vector<long long>& potter, long long now) {
    long long minutes = potter[0], batch = potter[1], rest = potter[2];
    long long round = minutes * batch + rest;
    return now / round * batch + min(batch, now % round / minutes);
}

long long minutes_needed(vector<vector<long long>> potters, long long pots) {
    long long low = 0, high = pots * 20'000;
    while (low < high) {
        long long middle = low + (high - low) / 2, done = 0;
        for (auto& potter : potters) done += finished(potter, middle);
        if (done >= pots) high = middle;
        else low = middle + 1;
    }
    return low;
}

// expect: WA
// Looks for the minute in 32 bits.
#include <algorithm>
#include <vector>

using namespace std;

long long minutes_needed(vector<vector<long long>> potters, long long pots) {
    int low = 0, high = 2'000'000'000;
    while (low < high) {
        int middle = low + (high - low) / 2;
        long long done = 0;
        for (auto& potter : potters) {
            long long round = potter[0] * potter[1] + potter[2];
            done += middle / round * potter[1] + min(potter[1], middle % round / potter[0]);
        }
        if (done >= pots) high = middle;
        else low = middle + 1;
    }
    return low;
}

// expect: TLE
// Walks down the whole street, lamp by lamp.
#include <algorithm>
#include <vector>

using namespace std;

vector<long long> brightest(vector<vector<long long>> lamps) {
    long long best = 0, where = 0;
    for (long long metre = -1'000'000'000; metre <= 1'000'000'000; metre++) {
        long long lit = count_if(lamps.begin(), lamps.end(),
                                 [&](auto& lamp) { return lamp[0] <= metre && metre <= lamp[1]; });
        if (lit > best) best = lit, where = metre;
    }
    return {best, where};
}

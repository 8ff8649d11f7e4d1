#include <map>
#include <vector>

using namespace std;

vector<long long> brightest(vector<vector<long long>> lamps) {
    map<long long, long long> changes;
    for (auto& lamp : lamps) {
        changes[lamp[0]]++;
        changes[lamp[1] + 1]--;
    }
    long long best = 0, where = 0, lit = 0;
    for (auto [metre, change] : changes) {
        lit += change;
        if (lit > best) best = lit, where = metre;
    }
    return {best, where};
}

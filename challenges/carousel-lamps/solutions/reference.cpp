#include <map>
#include <string>
#include <vector>

using namespace std;

string step(const string& lamps) {
    string next = lamps;
    for (size_t i = 0; i < lamps.size(); i++) {
        char left = i ? lamps[i - 1] : lamps.back();
        next[i] = lamps[i] != left ? '*' : '.';
    }
    return next;
}

string after(string lamps, long long evenings) {
    map<string, long long> seen;
    vector<string> looks;
    while (!seen.count(lamps) && (long long)looks.size() < evenings) {
        seen[lamps] = looks.size();
        looks.push_back(lamps);
        lamps = step(lamps);
    }
    if (!seen.count(lamps)) return lamps;
    long long first = seen[lamps];
    return looks[first + (evenings - first) % ((long long)looks.size() - first)];
}

#include <algorithm>
#include <string>

using namespace std;

string bracelet(string beads) {
    size_t count[128] = {}, size = beads.size();
    for (char bead : beads) count[(int)bead]++;
    sort(beads.begin(), beads.end(), [&](char a, char b) {
        return count[(int)a] != count[(int)b] ? count[(int)a] > count[(int)b] : a < b;
    });
    if (size > 1 && count[(int)beads[0]] > size / 2) return "";
    string threaded = beads;
    for (size_t i = 0, place = 0; i < size; i++, place += 2) {
        if (place >= size) place = 1;
        threaded[place] = beads[i];
    }
    return threaded;
}

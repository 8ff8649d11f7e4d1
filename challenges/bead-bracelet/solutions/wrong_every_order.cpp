// expect: TLE
// Tries the orders one by one.
#include <algorithm>
#include <string>

std::string bracelet(std::string beads) {
    std::sort(beads.begin(), beads.end());
    do {
        bool good = true;
        for (size_t i = 0; i < beads.size() && beads.size() > 1; i++)
            good = good && beads[i] != beads[(i + 1) % beads.size()];
        if (good) return beads;
    } while (std::next_permutation(beads.begin(), beads.end()));
    return "";
}

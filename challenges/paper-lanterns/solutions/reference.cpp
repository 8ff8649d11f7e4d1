#include <algorithm>
#include <string>

long long dark_gap(std::string lanterns) {
    long long longest = 0, last = -1;
    for (long long i = 0; i < (long long)lanterns.size(); i++) {
        if (lanterns[i] != 'o') continue;
        if (last >= 0) longest = std::max(longest, i - last - 1);
        last = i;
    }
    return longest;
}

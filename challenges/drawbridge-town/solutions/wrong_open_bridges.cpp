// expect: WA
// Takes the bridges for streets.
#include <deque>
#include <string>
#include <vector>

using namespace std;

long long fastest_walk(vector<string> town) {
    int rows = town.size(), columns = town[0].size();
    vector<vector<long long>> minutes(rows, vector<long long>(columns, -1));
    deque<pair<int, int>> queue;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++)
            if (town[y][x] == 'S') minutes[y][x] = 0, queue.emplace_back(y, x);
    while (!queue.empty()) {
        auto [y, x] = queue.front();
        queue.pop_front();
        if (town[y][x] == 'E') return minutes[y][x];
        for (auto [v, u] : {pair{y + 1, x}, {y - 1, x}, {y, x + 1}, {y, x - 1}}) {
            if (v < 0 || u < 0 || v >= rows || u >= columns || town[v][u] == '#' || minutes[v][u] >= 0) continue;
            minutes[v][u] = minutes[y][x] + 1;
            queue.emplace_back(v, u);
        }
    }
    return -1;
}

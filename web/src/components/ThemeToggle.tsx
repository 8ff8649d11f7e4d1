import { t } from "@/lib/strings";
import { useTheme } from "@/lib/theme";
import { Button } from "./Button";
import { Icon } from "./Icon";

export function ThemeToggle() {
  const { theme, toggle } = useTheme();
  const label = theme === "dark" ? t.common.light : t.common.dark;
  return (
    <Button
      tone="quiet"
      size="small"
      className="px-2"
      onClick={toggle}
      aria-label={label}
      title={label}
      data-testid="theme"
    >
      <Icon name={theme === "dark" ? "sun" : "moon"} />
    </Button>
  );
}

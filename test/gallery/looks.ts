/** How a client shows cards: a theme and a width. */
export interface Look {
  readonly name: string;
  /** Width of the whole card in CSS pixels: a chat on a desktop, or a small phone. */
  readonly width: number;
  readonly theme: Theme;
}

interface Theme {
  readonly page: string;
  readonly background: string;
  readonly border: string;
  readonly text: string;
  readonly subtle: string;
  readonly accent: string;
  readonly good: string;
  readonly warning: string;
  readonly attention: string;
  readonly emphasis: string;
  readonly warningBackground: string;
  readonly attentionBackground: string;
  readonly goodBackground: string;
  readonly accentBackground: string;
  /** Words on a button that is filled with the accent. */
  readonly onAccent: string;
}

const light: Theme = {
  page: "#f5f5f5",
  background: "#ffffff",
  border: "#e1dfdd",
  text: "#242424",
  subtle: "#616161",
  accent: "#5b5fc7",
  good: "#237b4b",
  warning: "#835c00",
  attention: "#c4314b",
  emphasis: "#f5f5f5",
  warningBackground: "#fbf6d9",
  attentionBackground: "#fcf4f6",
  goodBackground: "#e7f2da",
  accentBackground: "#e8ebfa",
  onAccent: "#ffffff",
};

const dark: Theme = {
  page: "#1f1f1f",
  background: "#292929",
  border: "#3d3d3d",
  text: "#ffffff",
  subtle: "#adadad",
  accent: "#9299f7",
  good: "#92c353",
  warning: "#f8d22a",
  attention: "#f9526b",
  emphasis: "#1f1f1f",
  warningBackground: "#463100",
  attentionBackground: "#3e1f25",
  goodBackground: "#0d2e0d",
  accentBackground: "#2f2f4a",
  onAccent: "#000000",
};

const contrast: Theme = {
  page: "#000000",
  background: "#000000",
  border: "#ffffff",
  text: "#ffffff",
  subtle: "#ffffff",
  accent: "#ffff01",
  good: "#3ff23f",
  warning: "#ffff01",
  attention: "#ff5c5c",
  emphasis: "#000000",
  warningBackground: "#000000",
  attentionBackground: "#000000",
  goodBackground: "#000000",
  accentBackground: "#000000",
  onAccent: "#000000",
};

export const looks: readonly Look[] = [
  { name: "light", width: 560, theme: light },
  { name: "dark", width: 560, theme: dark },
  { name: "phone", width: 320, theme: light },
  { name: "phone-dark", width: 320, theme: dark },
  { name: "contrast", width: 320, theme: contrast },
];

/** Microsoft's renderer, configured as Teams is seen to draw cards: sizes and distances in CSS pixels. */
export function hostConfig({ theme, width }: Look): object {
  const color = (name: string) => ({ default: name, subtle: name });
  const foregroundColors = {
    default: { default: theme.text, subtle: theme.subtle },
    accent: color(theme.accent),
    good: color(theme.good),
    warning: color(theme.warning),
    attention: color(theme.attention),
    light: color(theme.subtle),
    dark: color(theme.text),
  };
  const container = (backgroundColor: string) => ({ backgroundColor, foregroundColors });
  const sizes = { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 };
  const weights = { lighter: 300, default: 400, bolder: 600 };
  const padding = width < 400 ? 12 : 16;
  return {
    hostCapabilities: { capabilities: null },
    supportsInteractivity: true,
    fontTypes: {
      default: {
        fontFamily: "'Segoe UI', 'Liberation Sans', Arial, sans-serif",
        fontSizes: sizes,
        fontWeights: weights,
      },
      monospace: {
        fontFamily: "Consolas, 'Liberation Mono', monospace",
        fontSizes: sizes,
        fontWeights: weights,
      },
    },
    lineHeights: { small: 16, default: 20, medium: 20, large: 24, extraLarge: 32 },
    spacing: { small: 4, default: 8, medium: 12, large: 16, extraLarge: 24, padding },
    separator: { lineThickness: 1, lineColor: theme.border },
    containerStyles: {
      default: container(theme.background),
      emphasis: container(theme.emphasis),
      accent: container(theme.accentBackground),
      good: container(theme.goodBackground),
      warning: container(theme.warningBackground),
      attention: container(theme.attentionBackground),
    },
    actions: {
      maxActions: 6,
      spacing: "default",
      buttonSpacing: 8,
      actionsOrientation: "horizontal",
      actionAlignment: "left",
      showCard: { actionMode: "inline", inlineTopMargin: 12, style: "emphasis" },
    },
    inputs: {
      label: {
        inputSpacing: "small",
        requiredInputs: { weight: "bolder", suffix: " *", suffixColor: "attention" },
        optionalInputs: { weight: "bolder" },
      },
      errorMessage: { size: "small", color: "attention" },
    },
    textStyles: { heading: { size: "large", weight: "bolder" } },
  };
}

/** What Teams draws around Microsoft's elements: the card's edge, buttons and inputs. */
export function styleOf({ name, width, theme }: Look): string {
  const card = `#${name}`;
  return `
    ${card} { width: ${width}px; box-sizing: border-box; border: 1px solid ${theme.border}; border-radius: 8px; overflow: hidden; background: ${theme.background}; color: ${theme.text}; }
    ${card} a { color: ${theme.accent}; text-decoration: none; }
    ${card} .ac-pushButton { height: 32px; padding: 0 12px; border-radius: 4px; border: 1px solid ${theme.subtle}; background: transparent; color: ${theme.text}; font: 600 14px 'Segoe UI', 'Liberation Sans', Arial, sans-serif; margin-bottom: 8px; max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    ${card} .ac-pushButton.style-positive { background: ${theme.accent}; border-color: ${theme.accent}; color: ${theme.onAccent}; }
    ${card} .ac-pushButton.style-destructive { color: ${theme.attention}; border-color: ${theme.attention}; }
    ${card} .ac-input { box-sizing: border-box; width: 100%; min-height: 32px; padding: 5px 8px; border: 1px solid ${theme.subtle}; border-radius: 4px; background: ${theme.background}; color: ${theme.text}; font: 14px 'Segoe UI', 'Liberation Sans', Arial, sans-serif; }
    ${card} p { margin: 0; }
    ${card} ul, ${card} ol { margin: 0; padding-left: 20px; }`;
}

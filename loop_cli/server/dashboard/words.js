// All words of the page, in English and Korean. Texts of the vault are never looked up here.
import { signal } from "./lib.js";

const KEY = "loop:language";
const WORDS = {
  activity: ["Activity", "활동"],
  all: ["All", "전체"],
  anyone: ["Anyone", "누구나"],
  anything: ["Anything", "무엇이든"],
  apply: ["Apply", "적용"],
  audit_empty: ["No records yet. Every change that lands is listed here.", "아직 기록이 없습니다. 저장된 모든 변경이 여기에 나옵니다."],
  back: ["Back", "뒤로"],
  board: ["Board", "보드"],
  body: ["Text", "본문"],
  by: ["by {actor}", "{actor}"],
  calendar: ["Calendar", "달력"],
  calendar_help: ["Drag to change dates. With the keyboard: choose an item and press Shift+← or Shift+→ to move it by a day, Shift+↑ or Shift+↓ by a week.", "끌어서 날짜를 바꿉니다. 키보드: 항목을 고르고 Shift+←, Shift+→로 하루, Shift+↑, Shift+↓로 한 주 옮깁니다."],
  cancel: ["Cancel", "취소"],
  cascade: ["Delete those, too", "그것들도 삭제"],
  change_field: ["Change {field}", "{field} 바꾸기"],
  changed_again: ["It was changed again while you were choosing.", "고르는 동안 또 바뀌었습니다."],
  changed_by: ["{who} changed {fields}", "{who}: {fields} 변경"],
  changed_outside: ["Edited outside of loop (in an editor, for example); it has no record, so nobody can say by whom", "loop 밖(예: 편집기)에서 바뀜. 기록이 없어 누구인지 알 수 없습니다"],
  changed_since: ["This has changed since you opened it", "연 뒤에 내용이 바뀌었습니다"],
  chosen: ["chosen", "고름"],
  choose: ["Choose…", "고르기…"],
  choose_each: ["Choose a side for each field that clashes.", "겹치는 필드마다 한쪽을 고르십시오."],
  clashes: ["{n} to decide", "정할 것 {n}개"],
  clear: ["Clear", "지우기"],
  clear_filters: ["Clear filters", "필터 지우기"],
  close: ["Close", "닫기"],
  columns: ["Columns", "열"],
  compare: ["Compare and merge…", "비교하고 합치기…"],
  conflict_delete: ["“{name}” was changed before you deleted it", "삭제하기 전에 “{name}”이(가) 바뀌었습니다"],
  conflict_gone: ["“{name}” was deleted while you were editing", "편집하는 동안 “{name}”이(가) 삭제되었습니다"],
  conflict_none: ["Nothing of yours is saved yet, and nothing is lost.", "아직 아무것도 저장하지 않았고, 잃은 것도 없습니다."],
  conflict_save: ["“{name}” was changed since you read it", "읽은 뒤에 “{name}”이(가) 바뀌었습니다"],
  conflict_undo: ["“{name}” was changed again since then", "그 뒤에 “{name}”이(가) 또 바뀌었습니다"],
  conflict_more: ["{n} more conflicts wait", "기다리는 충돌 {n}개"],
  copied: ["Link copied", "링크를 복사했습니다"],
  copy_link: ["Copy link", "링크 복사"],
  create: ["Create", "만들기"],
  created: ["Created “{name}”", "“{name}”을(를) 만들었습니다"],
  created_by: ["created it", "만듦"],
  dark: ["Dark", "어둡게"],
  delete: ["Delete", "삭제"],
  delete_anyway: ["Delete it as it is now", "지금 내용대로 삭제"],
  delete_sure: ["Delete “{name}”? Its content is kept, and you can undo this.", "“{name}”을(를) 삭제할까요? 내용은 보관되며 되돌릴 수 있습니다."],
  deleted: ["Deleted “{name}”", "“{name}”을(를) 삭제했습니다"],
  deleted_by: ["deleted it", "삭제함"],
  discard: ["Discard", "버리기"],
  door_api: ["API", "API"],
  door_cli: ["command line", "명령줄"],
  door_script: ["script", "스크립트"],
  door_ui: ["dashboard", "대시보드"],
  draft_kept: ["What you had typed is here again. It is not saved yet.", "입력하던 내용을 되살렸습니다. 아직 저장하지 않았습니다."],
  edit: ["Edit", "편집"],
  edit_value: ["Edit…", "직접 고치기…"],
  empty_column: ["Nothing here", "없음"],
  empty_type: ["No {type} yet", "{type}이(가) 아직 없습니다"],
  empty_vault: ["Make the first one, or add Markdown files to the vault: they appear here by themselves.", "첫 항목을 만들거나 볼트에 Markdown 파일을 넣으면 여기에 나타납니다."],
  entity: ["Entity", "엔티티"],
  expired: ["Your session is over. Sign in to go on; what you typed is kept.", "세션이 끝났습니다. 다시 로그인하십시오. 입력한 내용은 그대로 있습니다."],
  failed: ["The server could not do it (status {status}).", "서버가 처리하지 못했습니다(상태 {status})."],
  failed_many: ["{n} could not be changed: {first}", "{n}개를 바꾸지 못했습니다: {first}"],
  file: ["File", "파일"],
  field: ["Field", "필드"],
  fields: ["Fields", "필드"],
  filter: ["Filter", "필터"],
  filter_text: ["Filter by name or id", "이름이나 ID로 거르기"],
  go_to: ["Go to {where}", "{where}(으)로 가기"],
  gone: ["There is no “{id}”. It may have been deleted.", "“{id}”이(가) 없습니다. 삭제되었을 수 있습니다."],
  group_by: ["Columns by", "열 기준"],
  history: ["History", "이력"],
  invalid_date: ["Not a whole date", "날짜가 다 입력되지 않았습니다"],
  invalid_json: ["Not valid JSON", "올바른 JSON이 아닙니다"],
  invalid_number: ["Not a number", "숫자가 아닙니다"],
  keep_editing: ["Keep editing", "계속 편집"],
  keys: ["Keyboard", "키보드"],
  language: ["Language", "언어"],
  light: ["Light", "밝게"],
  linked_from: ["Linked from", "참조하는 항목"],
  links: ["Links", "연결"],
  live: ["Live", "실시간"],
  loading: ["Loading…", "불러오는 중…"],
  loading_n: ["{n} of {total}", "{total}개 중 {n}개"],
  main: ["Main", "본문 영역"],
  menu: ["Menu", "메뉴"],
  merged: ["merged", "합침"],
  merged_lines: ["Both, merged", "둘 다 합침"],
  mine: ["Yours", "내 것"],
  missing_place: ["This vault has no {what}.", "이 볼트에는 {what}이(가) 없습니다."],
  month_next: ["Next month", "다음 달"],
  month_prev: ["Previous month", "이전 달"],
  more: ["More", "더 보기"],
  move_to: ["Move to {where}", "{where}(으)로 옮기기"],
  moved: ["moved it", "옮김"],
  name: ["Name", "이름"],
  new: ["New", "새로 만들기"],
  new_type: ["New {type}", "새 {type}"],
  no_match: ["Nothing matches these filters", "필터에 맞는 것이 없습니다"],
  none: ["(none)", "(없음)"],
  not_in_schema: ["{value} (not in the schema)", "{value} (스키마에 없음)"],
  not_live: ["Not live now", "지금은 실시간 아님"],
  not_saved: ["Not saved", "저장 안 됨"],
  not_saved_n: ["{n} not saved", "저장 안 됨 {n}개"],
  nothing_found: ["Nothing found", "찾은 것이 없습니다"],
  nothing_to_save: ["Nothing has changed", "바뀐 것이 없습니다"],
  now: ["Now", "지금"],
  now_value: ["now: {value}", "지금: {value}"],
  offline: ["No connection to the server. What you do is kept here and sent when it is back.", "서버에 연결되지 않았습니다. 변경은 여기에 보관했다가 연결되면 보냅니다."],
  open: ["Open", "열기"],
  orphan: ["Leave those as they are", "그것들은 그대로 두기"],
  other_file: ["Several files carry this id. Choose one:", "같은 ID의 파일이 여럿입니다. 하나를 고르십시오:"],
  others: ["Other fields", "그 밖의 필드"],
  palette: ["Search or run a command", "검색하거나 명령 실행"],
  preview: ["Preview", "미리 보기"],
  problem: ["The vault can't be read", "볼트를 읽을 수 없습니다"],
  problem_hint: ["Mend the file, then try again. The page notices by itself, too.", "파일을 고친 뒤 다시 시도하십시오. 페이지도 스스로 알아챕니다."],
  put_back: ["Put it back with my changes", "내 변경을 넣어 되살리기"],
  read_only: ["You may only read here.", "여기서는 읽기만 할 수 있습니다."],
  record_unknown: ["by an edit without a record", "기록 없는 편집"],
  referred: ["Others refer to it:", "이것을 참조하는 항목:"],
  reload: ["Reload", "다시 읽기"],
  reload_hint: ["Reload takes what is there now and drops your changes.", "다시 읽으면 지금 내용을 가져오고 내 변경은 버립니다."],
  required: ["required", "필수"],
  retry: ["Try again", "다시 시도"],
  save: ["Save", "저장"],
  save_merged: ["Save merged", "합쳐서 저장"],
  saved: ["Saved", "저장했습니다"],
  saved_n: ["Changed {n}", "{n}개 바꿈"],
  saving: ["Saving…", "저장하는 중…"],
  search: ["Search", "검색"],
  select: ["Select", "선택"],
  select_all: ["Select all", "모두 선택"],
  selected: ["{n} selected", "{n}개 선택"],
  set_to: ["{field}: {value}", "{field}: {value}"],
  show_now: ["Show it", "보기"],
  sign_in: ["Sign in", "로그인"],
  sign_in_hint: ["Open the link that “loop serve” printed, or enter a token (“loop token add” makes one).", "“loop serve”가 출력한 링크를 열거나 토큰을 입력하십시오(“loop token add”로 만듭니다)."],
  sign_out: ["Sign out", "로그아웃"],
  since: ["Since", "시작일"],
  skip: ["Skip to the content", "본문으로 건너뛰기"],
  sort_by: ["Sort by {field}", "{field}(으)로 정렬"],
  source: ["Through", "경로"],
  still_there: ["It is unchanged otherwise.", "다른 내용은 그대로입니다."],
  system: ["System", "시스템"],
  table: ["Table", "표"],
  theirs: ["Now", "지금"],
  theme: ["Theme", "테마"],
  then: ["When you read it", "읽었을 때"],
  title_untitled: ["Untitled", "제목 없음"],
  today: ["Today", "오늘"],
  token: ["Token", "토큰"],
  types: ["Types", "유형"],
  undo: ["Undo", "되돌리기"],
  undo_many: ["This takes back changes of {n}: {names}. Go on?", "{n}개 항목의 변경을 되돌립니다: {names}. 계속할까요?"],
  undone: ["Undone", "되돌렸습니다"],
  unknown_base: ["not known", "알 수 없음"],
  unreachable: ["The server can't be reached.", "서버에 연결할 수 없습니다."],
  unsent: ["{n} waiting to be sent", "보내기를 기다리는 변경 {n}개"],
  was_undone: ["taken back", "되돌림"],
  write: ["Write", "쓰기"],
  yours: ["Yours", "내 것"],
  who: ["Who", "누가"],
  what: ["What", "무엇을"],
  you: ["you", "나"],
  key_board: ["Shift+←/→: move the card. Enter: open. Arrows: walk.", "Shift+←/→: 카드 옮기기. Enter: 열기. 화살표: 이동."],
  action_create: ["created", "만듦"],
  action_update: ["changed", "바꿈"],
  action_delete: ["deleted", "삭제"],
  action_move: ["moved", "옮김"],
  action_approve: ["approved", "승인"],
  action_reject: ["rejected", "반려"],
  action_undo: ["took back", "되돌림"],
};

/** "en" or "ko". */
export const language = signal(chosen());

function chosen() {
  let kept = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    kept = null;
  }
  const first = kept || (navigator.languages || [navigator.language]).find((one) => /^(ko|en)\b/i.test(one));
  return first && first.toLowerCase().startsWith("ko") ? "ko" : "en";
}

export function speak(name) {
  language.value = name;
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // it is only for this page then
  }
}

/** The text of a key, with its values put in. */
export function t(key, values = {}) {
  const found = WORDS[key];
  if (!found) return key;
  const text = found[language.value === "ko" ? 1 : 0];
  return text.replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
}

export const keys = () => Object.entries(WORDS);

const locale = () => (language.value === "ko" ? "ko-KR" : "en-GB");

/** How long ago, such as "5 minutes ago". */
export function ago(timestamp) {
  const seconds = (Date.now() - Date.parse(timestamp)) / 1000;
  if (!Number.isFinite(seconds)) return String(timestamp ?? "");
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return Math.abs(seconds) > 30 * 86_400 ? moment(timestamp) : format.format(-Math.round(seconds / size), unit);
  }
  return format.format(-Math.max(0, Math.round(seconds)), "second");
}

export function moment(timestamp) {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return String(timestamp ?? "");
  return date.toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short" });
}

/** A date of the vault, such as 2026-01-23, as people read it. */
export function day(text) {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!found) return String(text);
  const date = new Date(+found[1], +found[2] - 1, +found[3]);
  const sameYear = date.getFullYear() === new Date().getFullYear();
  return formatOf(locale(), sameYear).format(date);
}

const formats = new Map(); // making one takes longer than using it a hundred times

function formatOf(name, sameYear) {
  const key = `${name} ${sameYear}`;
  if (!formats.has(key)) {
    const parts = { month: "short", day: "numeric", ...(sameYear ? {} : { year: "numeric" }) };
    formats.set(key, new Intl.DateTimeFormat(name, parts));
  }
  return formats.get(key);
}

/** The door of a record: its source as people say it. */
export const door = (source) => (WORDS[`door_${source}`] ? t(`door_${source}`) : source || "?");

/** The name of an actor: user:김은향 is 김은향. */
export const person = (actor) => (typeof actor === "string" ? actor.replace(/^user:/, "") : t("record_unknown"));

/** A field's name as people read it: start_date is Start date. */
export function fieldName(name) {
  if (name === "body") return t("body");
  const own = FIELDS[name];
  if (own) return own[language.value === "ko" ? 1 : 0];
  const text = name.replace(/[_-]+/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const FIELDS = {
  entity_name: ["Name", "이름"],
  entity_id: ["Id", "ID"],
  status: ["Status", "상태"],
  priority: ["Priority", "우선순위"],
  assignee: ["Assignee", "담당"],
  owner: ["Owner", "책임"],
  due: ["Due", "마감"],
  start_date: ["Start", "시작"],
  project_id: ["Project", "프로젝트"],
  parent_id: ["Parent", "상위"],
  tags: ["Tags", "태그"],
  type: ["Type", "종류"],
  notes: ["Notes", "메모"],
  closed: ["Closed", "닫은 날"],
  aliases: ["Aliases", "다른 이름"],
  estimated_hours: ["Estimated hours", "예상 시간"],
  actual_hours: ["Actual hours", "실제 시간"],
  target_project: ["Target project", "대상 프로젝트"],
  created: ["Created", "만든 날"],
  updated: ["Updated", "고친 때"],
};

/** The demo page: connects its parts, and shows the view that the address names. */

import { Composer } from './composer.js';
import { ConversationList } from './conversation-list.js';
import { Deletions } from './deletions.js';
import { askToRedeem, openDevices } from './devices.js';
import { noticeExpiring } from './expiring.js';
import { Header } from './header.js';
import { chooseFiles } from './import-files.js';
import { openMenu } from './menu.js';
import { conversationEntries } from './menus.js';
import { messageActions } from './message-actions.js';
import { PANELS } from './panels.js';
import { attempt } from './error-messages.js';
import { noteOwnMessage, offerRecovery } from './recovery.js';
import { navigate, parseRoute, takeLinkCode } from './router.js';
import { openShare } from './shares.js';
import { store, takeFirstList } from './store.js';
import { Thread } from './thread.js';
import { announce, toast } from './toasts.js';
import { importSample } from './transfer.js';
import { Turns } from './turns.js';
import { showWelcome } from './welcome.js';

const GONE = 'This conversation is not there any more.';

/** What is said by error code where a message is saved and its reply cannot be. */
const NO_REPLY = {
  local_storage_full: 'This browser has no room left. Your message is saved, the reply to it is not.',
};

export class Page {
  #app = document.getElementById('app');
  #views = {
    conversation: document.getElementById('thread'),
    welcome: document.getElementById('welcome'),
    usage: document.getElementById('usage'),
    trash: document.getElementById('trash'),
    expiring: document.getElementById('expiring'),
  };
  #route = { view: 'home' };
  #following = null;
  /** Resolves with whether the conversation of the address is on the screen. */
  #opened = null;
  #isNoticed = false;
  #turns = new Turns({
    onGrow: (id) => this.#thread.grow(id),
    onChange: () => this.#showTurn(),
    onEnd: (id, message) => this.#replyEnded(id, message),
    onFail: (error) => attempt(() => Promise.reject(error), NO_REPLY),
  });
  #thread = new Thread({
    turns: this.#turns,
    actions: messageActions({ turns: this.#turns, thread: () => this.#thread }),
    onShow: (conversation) => this.#showOpen(conversation),
  });
  #list = new ConversationList(this.#conversationActions());
  #header = new Header({
    onRename: ({ id }, title) => attempt(() => store.updateConversation(id, { title })),
    onShare: openShare,
    openMenu: (conversation, button) => this.#openMenu(conversation, button),
  });
  #composer = new Composer({
    onSend: (text) => this.#send(text),
    onStop: () => this.#turns.stop(this.#thread.opening.id),
    onEditLast: () => this.#thread.editLast(),
  });
  #deletions = new Deletions({
    onHide: ({ id }) => {
      this.#list.hide(id);
      if (this.#route.id === id) navigate('#/', { replace: true });
    },
    onShow: ({ id }) => this.#list.unhide(id),
    onDone: ({ id }) => this.#list.refresh().then(() => this.#list.unhide(id)),
  });

  get thread() {
    return this.#thread;
  }

  get list() {
    return this.#list;
  }

  /** Reads the list and shows what the address says, now and whenever it changes. */
  async start() {
    addEventListener('hashchange', () => {
      this.#following = this.#follow();
      this.#keepFocus();
    });
    const code = takeLinkCode();
    await attempt(() => this.#list.refresh(takeFirstList()));
    if (location.hash === '') await this.#resume();
    await this.#follow();
    if (code) await askToRedeem(code);
    await offerRecovery();
  }

  /** Something has changed, here or elsewhere. */
  async refresh({ changed, deleted, isForeign }) {
    this.#composer.forget(deleted);
    this.#thread.forget(deleted);
    await this.#list.refresh();
    this.#noticeOnce();
    if (this.#route.view === 'home' || this.#route.view === 'new') this.#welcome();
    const { id } = this.#route;
    if (!id || !(changed.includes(id) || deleted.includes(id))) return;
    await (isForeign ? this.#thread.refreshForeign() : this.#thread.refresh());
  }

  /** When there is something that could expire, and a server that knows. */
  #noticeOnce() {
    if (this.#isNoticed || store.status.mode !== 'synced' || this.#list.conversations.length === 0) return;
    this.#isNoticed = true;
    noticeExpiring();
  }

  create() {
    navigate('#/new');
    this.#composer.focus();
  }

  step(step) {
    const next = this.#list.neighbour(this.#route.id, step);
    if (next) navigate(`#/c/${next.id}`);
  }

  rename() {
    this.#header.rename();
  }

  /** Goes where the reader was the last time; on a narrow screen that is the list. */
  async #resume() {
    const isNarrow = matchMedia('(width < 46rem)').matches;
    const hasAny = this.#list.conversations.length > 0;
    if (isNarrow && !hasAny) history.replaceState(null, '', '#/new');
    if (isNarrow || !hasAny) return;
    const id = await store.getCurrentConversationId().catch(() => null);
    // The reader may have opened something in the meantime.
    if (id && this.#list.find(id) && location.hash === '') history.replaceState(null, '', `#/c/${id}`);
  }

  async #follow() {
    const code = takeLinkCode();
    if (code) await askToRedeem(code);
    const route = parseRoute(location.hash);
    const isSame = route.id !== undefined && route.id === this.#route.id;
    this.#route = route;
    this.#app.dataset.view = route.view === 'home' ? 'list' : 'main';
    this.#list.markOpen(route.id ?? null);
    this.#composer.setVisible(!PANELS[route.view]);
    if (!isSame) this.#composer.open(route.id ?? null);
    if (route.view === 'conversation') await this.#open(route, isSame);
    else await this.#close(route.view);
  }

  async #open(/** @type {{ id?: string, messageId?: string | null }} */ route, isSame) {
    this.#only('conversation');
    if (!isSame) this.#opened = this.#openThread(route.id);
    const isOpen = await this.#opened;
    if (isOpen && route.messageId && this.#route === route) await this.#reveal(route.messageId);
  }

  /** Shows a conversation. Resolves with whether it is to be seen: it may be gone, or another one has been opened since. */
  async #openThread(id) {
    // What the list knows of it can be used at once.
    const listed = this.#list.find(id);
    if (listed) this.#header.show(listed);
    else this.#header.showPlain('');
    const opening = this.#turnTo(id);
    const isRead = await attempt(() => opening.read());
    if (!isRead) navigate('#/', { replace: true });
    if (!opening.isShown) return false;
    store.setCurrentConversationId(id).catch(() => {});
    return true;
  }

  /** Turns the thread to a conversation, or with null to none. */
  #turnTo(id) {
    const opening = this.#thread.open(id);
    this.#showTurn();
    return opening;
  }

  /** Shows whether something is being written, or begins, in what is open. */
  #showTurn() {
    this.#composer.setState(this.#turns.stateOf(this.#thread.opening.id));
  }

  /** Goes to a message, on whichever branch it is. */
  async #reveal(messageId) {
    const { opening } = this.#thread;
    if (await this.#thread.reveal(messageId)) return;
    await attempt(async () => {
      await store.switchBranch(opening.id, messageId);
      await opening.refresh();
      if (opening.isShown) await this.#thread.reveal(messageId);
    });
  }

  async #close(view) {
    const opening = this.#turnTo(null);
    const panel = PANELS[view];
    if (panel) {
      this.#header.showPlain(panel.title, panel.subtitle);
      this.#only(view);
      // What is about to be deleted is in the trash when that is opened.
      if (view === 'trash') await this.#deletions.flush();
      if (opening.isShown) await panel.show(this.#views[view]);
    } else {
      this.#header.showPlain('New conversation');
      this.#only('welcome');
      this.#welcome();
    }
  }

  /** On a narrow screen, what had the focus is gone with its half of the page. */
  #keepFocus() {
    if (document.activeElement?.getClientRects().length && document.activeElement !== document.body) return;
    if (this.#app.dataset.view === 'list') this.#list.focus();
    else this.#header.focus();
  }

  #only(view) {
    for (const [name, node] of Object.entries(this.#views)) node.hidden = name !== view;
  }

  #welcome() {
    showWelcome(this.#views.welcome, {
      // Those of a device that is new here may be on their way.
      isFirst: this.#list.conversations.length === 0 && !store.status.loading,
      onSample: importSample,
      onImport: chooseFiles,
      onLink: openDevices,
    });
  }

  /** Shows what surrounds the open conversation's messages. */
  #showOpen(conversation) {
    if (!conversation) {
      // Where it is deleted here it has left the screen already.
      if (this.#route.view === 'conversation') {
        toast(GONE);
        navigate('#/', { replace: true });
      }
      return;
    }
    this.#header.show(conversation);
    this.#showTurn();
  }

  /** Sends a message to what is open. Resolves with whether it is kept. */
  async #send(text) {
    const { opening } = this.#thread;
    let id = null;
    await attempt(async () => {
      id = await this.#turns.send(opening.id, text);
    });
    if (id === null) return false;
    noteOwnMessage();
    if (!opening.isShown) return true;
    if (opening.id === null) {
      this.#composer.begin(id);
      navigate(`#/c/${id}`, { replace: true });
    }
    this.#thread.list.scrollToEnd();
    return true;
  }

  #replyEnded(id, message) {
    if (this.#thread.opening.id !== id) return;
    announce(message.content === '' ? '' : 'The demo reply is complete.');
    this.#thread.refresh().catch(() => {});
  }

  #openMenu(conversation, button) {
    openMenu(button, conversationEntries(conversation, this.#conversationActions()));
  }

  #conversationActions() {
    return {
      openMenu: (conversation, button) => this.#openMenu(conversation, button),
      remove: (conversation) => this.#deletions.delete(conversation),
      rename: async (conversation) => {
        if (this.#route.id !== conversation.id) {
          navigate(`#/c/${conversation.id}`, { replace: true });
          const { opening } = this.#thread;
          await this.#following;
          if (!opening.isShown) return;
        }
        this.#header.rename();
      },
    };
  }
}

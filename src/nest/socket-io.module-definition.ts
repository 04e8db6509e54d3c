import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SocketIoModuleOptions } from './socket-io.options.js';

/** `forRoot` and `forRootAsync`, with all of the ways in which Nest lets options be provided. Global. */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<SocketIoModuleOptions>({ optionsInjectionToken: 'nestjs-socketio:options' })
    .setClassMethodName('forRoot')
    .setExtras({}, (definition) => ({ ...definition, global: true }))
    .build();
